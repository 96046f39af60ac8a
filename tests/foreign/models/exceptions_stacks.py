"""Where CloudFormation, IAM and STS are known not to check what their models say, or to say something else, each with its source."""

# The columns stand in exceptions.py.
CLOUDFORMATION = [
    ("cloudformation", "CancelUpdateStack", "", "valid", "ValidationError", "no update is under way: it takes milliseconds here"),
    ("cloudformation", "ContinueUpdateRollback", "", "valid", "ValidationError", "the stack isn't in the state that this is for"),
    ("cloudformation", "DescribeStackInstance", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "DescribeStackSet", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "DescribeStackSetOperation", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "ListStackInstances", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "ListStackSetOperationResults", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "ListStackSetOperations", "", "valid", "StackSetNotFoundException", "there are no stack sets, and none can be made"),
    ("cloudformation", "RollbackStack", "", "valid", "ValidationError", "the stack isn't in the state that this is for"),
]

IAM = []

STS = []
