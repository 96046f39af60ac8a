"""How AWS refuses what its model doesn't allow, by service, and where it is known to do otherwise."""

import fnmatch
import re

# Which codes say that a member breaks a constraint of the model; whether the message then has AWS's form.
CONSTRAINT = {
    "sqs": ({"MissingRequiredParameterException", "InvalidParameterValueException", "InvalidAttributeName", "MissingParameter",
             "InvalidParameterValue"}, False),
    "sns": ({"ValidationError", "InvalidParameter"}, False),
    "firehose": ({"ValidationException"}, True),
    "cloudformation": ({"ValidationError"}, True),
    "sts": ({"ValidationError"}, True),
    "iam": ({"ValidationError"}, True),
    "logs": ({"InvalidParameterException"}, True),
    "ssm": ({"ValidationException"}, True),
    "ecr": ({"InvalidParameterException"}, True),
    "kms": ({"ValidationException"}, True),
    "s3": ({"MalformedXML", "InvalidArgument", "InvalidRequest", "MissingRequestBodyError"}, False),
}
TYPE = {"json": {"SerializationException"}, "query": {"MalformedInput", "ValidationError", "InvalidParameterValue"},
        "rest-xml": {"MalformedXML", "InvalidArgument"}}
# "Common error types": SNS has both for a parameter that can't be read.
OTHER_TYPES = {"sns": {"InvalidParameter"}}
# What the model's constraints are worded like; a service's own rules may begin in the same way.
FAILED = re.compile(r"failed to satisfy constraint: '?(Member |Map keys |Map value )?must (have (length|value)|satisfy|not be null)")


def refused_for(case, message):
    """Whether a message says that this member breaks a constraint."""
    member = case.member().lower()
    # "Value null at 'tags.1.member.key' failed .."; of texts in lists and maps AWS names the list or the map.
    # IAM's own words for names and paths: shown by the errors of its users (hashicorp/terraform-provider-aws, issues).
    own = re.match(r"The specified value for (\w+) is invalid\. It must", message)
    if own:
        return own[1].lower() == member
    return bool(FAILED.search(message)) and any(
        member in at.lower().split(".") for at in re.findall(r"at '([^']*)' failed", message))


def judge(service, protocol, case, answer, usual):
    """What is wrong with an answer to a case; None if nothing is. `usual` is the answer to the valid request."""
    code, message = answer.refusal
    if answer.status >= 400 and not answer.body:
        # To HEAD S3 doesn't say what is wrong.
        return "a value within its bounds is refused" if case.taken and case.kind != "there" else None
    if answer.status >= 500:
        return None if (answer.status, code) == (501, "NotImplemented") else "a failure of the server's"
    known, told = CONSTRAINT[service]
    if case.taken:
        if case.kind == "unknown":
            # S3 holds what it gets against a schema: "did not validate against our published schema".
            same = (answer.status, code) == usual or service == "s3" and code == "MalformedXML"
            return None if same else "an unknown member changes the answer"
        # Whether a member may be there at all is the operation's affair.
        return "a value within its bounds is refused" if case.kind != "there" and refused_for(case, message) else None
    if case.kind == "empty":
        return None
    if not code:
        return "taken"
    if case.kind == "type":
        # A number beyond 32 bits may be read and found too large.
        return None if code in TYPE[protocol] | OTHER_TYPES.get(service, set()) or (code in known and isinstance(case.value, (int, str))) else "another code"
    if code not in known:
        return "another code"
    if told and not refused_for(case, message):
        return "another message"
    return None


class Exceptions:
    """Where AWS is known not to check, or to say something else. Each is used, or it is wrong itself."""

    def __init__(self, rows):
        self.rows = [(tuple(row), re.compile(row[3]), re.compile(row[4])) for row in rows]
        self.used = {}

    def holds(self, service, operation, case, answer):
        """Whether an exception explains an answer. `answer` is its code, or "taken" where it isn't refused."""
        code = answer.refusal[0] or "taken"
        for row, kinds, codes in self.rows:
            services, operations, paths = row[:3]
            if (service == services and fnmatch.fnmatchcase(operation, operations) and fnmatch.fnmatchcase(case.where(), paths)
                    and kinds.fullmatch(case.kind) and codes.fullmatch(code)):
                self.used[row] = self.used.get(row, 0) + 1
                return True
        return False

    def unused(self, service):
        """The exceptions of a service that explained nothing."""
        return [row for row, *_ in self.rows if row[0] == service and row not in self.used]
