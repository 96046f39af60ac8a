//! What the query protocol calls things: most services as their members are named, SQS in its own way.

/// How a service's query protocol names members, lists and maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// `X.member.N` and `X.entry.N.key`, as the members are named.
    Wrapped,
    /// SQS's: lists and maps are flattened and have names in the singular, `Attribute.N.Name`.
    Flat,
}

impl Names {
    /// The field that a parameter's name segment means.
    pub fn field(self, segment: &str, fields: &'static [&'static str]) -> Option<usize> {
        let find = |name: &str| fields.iter().position(|field| *field == name);
        find(segment).or_else(|| match self {
            Names::Wrapped => None,
            Names::Flat => plural(segment).and_then(|name| {
                // CreateQueue's model has `tags` where all others have `Tags`.
                find(name).or_else(|| fields.iter().position(|field| field.eq_ignore_ascii_case(name)))
            }),
        })
    }

    /// The element of one item of the list or map `field` in the answer of `operation`.
    pub fn item(self, field: &'static str, operation: &str) -> &'static str {
        match field {
            "Messages" => "Message",
            "QueueUrls" | "queueUrls" => "QueueUrl",
            "Attributes" => "Attribute",
            "MessageAttributes" => "MessageAttribute",
            "StringListValues" => "StringListValue",
            "BinaryListValues" => "BinaryListValue",
            "Tags" => "Tag",
            "Failed" => "BatchResultErrorEntry",
            "Results" => "ListMessageMoveTasksResultEntry",
            "Successful" => match operation {
                "SendMessageBatch" => "SendMessageBatchResultEntry",
                "DeleteMessageBatch" => "DeleteMessageBatchResultEntry",
                _ => "ChangeMessageVisibilityBatchResultEntry",
            },
            other => other,
        }
    }

    /// The elements of a map entry's key and value in the map `field`.
    pub fn entry(self, field: &'static str) -> (&'static str, &'static str) {
        match (self, field) {
            (Names::Wrapped, _) => ("key", "value"),
            (Names::Flat, "Tags") => ("Key", "Value"),
            (Names::Flat, _) => ("Name", "Value"),
        }
    }
}

/// SQS's name in JSON for a list or map that its query protocol names in the singular.
fn plural(segment: &str) -> Option<&'static str> {
    Some(match segment {
        "Attribute" => "Attributes",
        "AttributeName" => "AttributeNames",
        "MessageAttribute" => "MessageAttributes",
        "MessageAttributeName" => "MessageAttributeNames",
        "MessageSystemAttribute" => "MessageSystemAttributes",
        "MessageSystemAttributeName" => "MessageSystemAttributeNames",
        "StringListValue" => "StringListValues",
        "BinaryListValue" => "BinaryListValues",
        "Tag" => "Tags",
        "TagKey" => "TagKeys",
        "ActionName" => "Actions",
        "AWSAccountId" => "AWSAccountIds",
        "SendMessageBatchRequestEntry"
        | "DeleteMessageBatchRequestEntry"
        | "ChangeMessageVisibilityBatchRequestEntry" => "Entries",
        _ => return None,
    })
}
