"""AWS's own models, walked: every member of every simulated operation, with one thing wrong at a time."""

import pytest

from models import exceptions, judge, page, send, walk

EXCEPTIONS = judge.Exceptions(exceptions.EXCEPTIONS)


@pytest.mark.parametrize("service", page.HEADINGS.values())
def test_every_member_is_checked_as_aws_checks_it(cloud, service, capsys):
    walked = walk.Walk(send.Wire(cloud.endpoint), service, EXCEPTIONS).run()
    with capsys.disabled():
        counts = ", ".join(f"{count} {what}" for what, count in walked.counts.items())
        print(f"\n{service}: {counts}; {len(walked.differences)} differ", end="")
    wrong = [str(difference) for difference in walked.differences] + sorted(set(walked.shapes))
    unused = EXCEPTIONS.unused(service)
    assert not wrong, f"{len(wrong)} of {walked.counts['cases']} cases:\n" + "\n".join(wrong[:60])
    assert not unused, f"exceptions that nothing needs: {unused}"
