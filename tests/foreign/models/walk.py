"""The walk: every case of every simulated operation is sent, and its answer judged."""

import collections

from . import answers, judge, page, values
from .fixture import Fixture
from .valid import VALID


class Difference:
    """A case whose answer isn't AWS's."""

    def __init__(self, service, operation, case, answer, why):
        self.service, self.operation, self.case, self.why = service, operation, case, why
        code, message = answer.error if answer.status >= 300 else ("", answer.body[:200].decode("utf-8", "replace"))
        self.status, self.code, self.message = answer.status, code, message

    def __str__(self):
        sent = "" if self.case.kind in ("missing", "null", "unknown") else f" {str(self.case.value)[:60]!r}"
        return (f"{self.service} {self.operation} {self.case.where()} {self.case.kind}{sent}: {self.why}: "
                f"{self.status} {self.code} {self.message[:160]}")


class Walk:
    """One service's operations, one after the other."""

    def __init__(self, wire, service, exceptions):
        self.fixture = Fixture(wire)
        self.wire, self.service, self.exceptions = wire, service, exceptions
        self.model = self.fixture.model(service)
        self.protocol = self.model.metadata["protocol"]
        self.counts = collections.Counter()
        self.differences, self.shapes = [], []

    def run(self, only=None):
        for operation in page.simulated(self.model):
            if only is None or operation in only:
                self.operation(operation)
        return self

    def request(self, operation):
        """A new valid request, with resources of its own."""
        return VALID[self.service][operation](self.fixture)

    def send(self, operation, parameters):
        return self.wire.send(self.model, operation, parameters)

    def operation(self, operation):
        """Every case of an operation. Its resources are made anew after each request that was taken."""
        model = self.model.operation_model(operation)
        request = self.request(operation)
        answer = self.send(operation, request)
        usual = (answer.status, answer.error[0] if answer.status >= 300 else "")
        self.look(model, request, answer)
        self.counts["valid"] += 1
        if answer.status >= 300 and not self.exceptions.holds(self.service, operation, values.Case((), "valid"), answer):
            self.differences.append(Difference(self.service, operation, values.Case((), "valid"), answer, "refused"))
        shape = model.input_shape
        if shape is None:
            return
        request = self.request(operation)
        absent, usually = set(), {(): usual}
        for case in values.cases(shape, (), self.protocol, request):
            if any(case.path[:depth] in absent for depth in range(1, len(case.path) + 1)):
                self.counts["of what is refused by name"] += 1
                continue
            sent = values.broken(request, shape, case, self.protocol == "json")
            if sent is None:
                continue
            answer = self.send(operation, sent)
            self.counts["cases"] += 1
            self.look(model, sent, answer)
            got = (answer.status, answer.error[0] if answer.status >= 300 else "")
            if case.kind == "there":
                usually[case.path] = got
            # What the members around it are answered with, where these aren't in the valid request.
            around = next(usually[case.path[:depth]] for depth in range(len(case.path), -1, -1) if case.path[:depth] in usually)
            why = judge.judge(self.service, self.protocol, case, answer, around)
            if why is not None:
                if self.exceptions.holds(self.service, operation, case, answer):
                    self.counts["exceptions"] += 1
                else:
                    self.differences.append(Difference(self.service, operation, case, answer, why))
            if answer.status == 501:
                absent.add(case.path)
            if answer.status < 300:
                request = self.request(operation)

    def look(self, model, sent, answer):
        """The answer's shape, or its error's code."""
        if answer.status >= 300:
            found = answers.check_error(model, answer.headers, answer.body)
        else:
            found = answers.check_output(model, answer.status, answer.headers, answer.body)
        self.shapes += [f"{self.service} {model.name}: {line}" for line in found]
