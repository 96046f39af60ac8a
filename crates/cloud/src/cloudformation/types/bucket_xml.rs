//! A bucket's configurations as S3's own XML.

use serde_json::{Map, Value};

/// Text with XML's special characters escaped.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `<name>value</name>`; a list repeats the element, an object nests.
fn element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(name, item, out)),
        Value::Object(members) => {
            out.push_str(&format!("<{name}>"));
            members.iter().for_each(|(name, value)| element(name, value, out));
            out.push_str(&format!("</{name}>"));
        }
        scalar => {
            let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
            out.push_str(&format!("<{name}>{}</{name}>", escape(&text)));
        }
    }
}

/// A whole document.
fn document(name: &str, content: &Value) -> String {
    let mut out = String::new();
    element(name, content, &mut out);
    out.replacen('>', " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", 1)
}

/// Members under S3's names, those that aren't there left out.
fn renamed(from: &Value, names: &[(&str, &str)]) -> Value {
    let members = names.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), from.get(*theirs)?.clone())));
    Value::Object(members.collect::<Map<String, Value>>())
}

fn each(list: Option<&Value>, to: impl Fn(&Value) -> Value) -> Value {
    list.and_then(Value::as_array).into_iter().flatten().map(to).collect()
}

/// The query of a configuration's subresource and its document, for a property of `AWS::S3::Bucket`.
pub fn configuration(property: &str, value: &Value) -> Option<(&'static str, String)> {
    Some(match property {
        "VersioningConfiguration" => ("versioning", document("VersioningConfiguration", value)),
        "PublicAccessBlockConfiguration" => ("publicAccessBlock", document("PublicAccessBlockConfiguration", value)),
        "OwnershipControls" => {
            let rules = renamed(value, &[("Rules", "Rule")]);
            ("ownershipControls", document("OwnershipControls", &rules))
        }
        "BucketEncryption" => ("encryption", document("ServerSideEncryptionConfiguration", &encryption(value))),
        "CorsConfiguration" => ("cors", document("CORSConfiguration", &cors(value))),
        "WebsiteConfiguration" => ("website", document("WebsiteConfiguration", &website(value))),
        "LifecycleConfiguration" => ("lifecycle", document("LifecycleConfiguration", &lifecycle(value))),
        "ObjectLockConfiguration" => ("object-lock", document("ObjectLockConfiguration", value)),
        "NotificationConfiguration" => ("notification", document("NotificationConfiguration", &notification(value))),
        _ => return None,
    })
}

/// The document that says what tags a bucket has.
pub fn tagging(tags: &Map<String, Value>) -> String {
    let tags: Value = tags.iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect();
    document("Tagging", &serde_json::json!({"TagSet": {"Tag": tags}}))
}

/// The document that says where a bucket lies; nothing for us-east-1.
pub fn location(region: &str) -> String {
    match region {
        "us-east-1" => String::new(),
        region => document("CreateBucketConfiguration", &serde_json::json!({"LocationConstraint": region})),
    }
}

fn encryption(value: &Value) -> Value {
    let rule = |rule: &Value| {
        let mut members = Map::new();
        if let Some(default) = rule.get("ServerSideEncryptionByDefault") {
            members.insert("ApplyServerSideEncryptionByDefault".into(), default.clone());
        }
        if let Some(enabled) = rule.get("BucketKeyEnabled") {
            members.insert("BucketKeyEnabled".into(), enabled.clone());
        }
        Value::Object(members)
    };
    serde_json::json!({"Rule": each(value.get("ServerSideEncryptionConfiguration"), rule)})
}

fn cors(value: &Value) -> Value {
    let names = [
        ("Id", "ID"),
        ("AllowedHeaders", "AllowedHeader"),
        ("AllowedMethods", "AllowedMethod"),
        ("AllowedOrigins", "AllowedOrigin"),
        ("ExposedHeaders", "ExposeHeader"),
        ("MaxAge", "MaxAgeSeconds"),
    ];
    serde_json::json!({"CORSRule": each(value.get("CorsRules"), |rule| renamed(rule, &names))})
}

fn lifecycle(value: &Value) -> Value {
    let rule = |given: &Value| {
        let names = [
            ("Id", "ID"),
            ("Status", "Status"),
            ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload"),
            ("NoncurrentVersionExpiration", "NoncurrentVersionExpiration"),
        ];
        let mut rule = renamed(given, &names);
        let expirations = [
            ("ExpirationDate", "Date"),
            ("ExpirationInDays", "Days"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        ];
        let expiration = renamed(given, &expirations);
        if expiration.as_object().is_some_and(|members| !members.is_empty()) {
            rule["Expiration"] = expiration;
        }
        if let Some(days) = given.get("NoncurrentVersionExpirationInDays") {
            rule["NoncurrentVersionExpiration"] = serde_json::json!({"NoncurrentDays": days});
        }
        rule["Filter"] = lifecycle_filter(given);
        rule
    };
    serde_json::json!({"Rule": each(value.get("Rules"), rule)})
}

/// One condition stands alone, several within `And`; without any, the rule is for every object.
fn lifecycle_filter(rule: &Value) -> Value {
    let names = [
        ("Prefix", "Prefix"),
        ("ObjectSizeGreaterThan", "ObjectSizeGreaterThan"),
        ("ObjectSizeLessThan", "ObjectSizeLessThan"),
        ("TagFilters", "Tag"),
    ];
    let filter = renamed(rule, &names);
    let count = |value: &Value| value.as_array().map_or(1, Vec::len);
    match filter.as_object().into_iter().flatten().map(|(_, value)| count(value)).sum::<usize>() {
        0 => serde_json::json!({"Prefix": ""}),
        1 => filter,
        _ => serde_json::json!({"And": filter}),
    }
}

fn notification(value: &Value) -> Value {
    let filter = |filter: &Value| {
        let rules = filter.pointer("/S3Key/Rules").cloned().unwrap_or_default();
        serde_json::json!({"S3Key": {"FilterRule": rules}})
    };
    let one = |given: &Value| {
        let mut one = renamed(given, &[("Queue", "Queue"), ("Topic", "Topic"), ("Event", "Event")]);
        if let Some(given) = given.get("Filter") {
            one["Filter"] = filter(given);
        }
        one
    };
    let kinds = [("QueueConfigurations", "QueueConfiguration"), ("TopicConfigurations", "TopicConfiguration")];
    let kinds = kinds.iter().map(|(theirs, ours)| ((*ours).to_owned(), each(value.get(*theirs), one)));
    Value::Object(kinds.collect::<Map<String, Value>>())
}

fn website(value: &Value) -> Value {
    let mut members = Map::new();
    if let Some(suffix) = value.get("IndexDocument") {
        members.insert("IndexDocument".into(), serde_json::json!({"Suffix": suffix}));
    }
    if let Some(key) = value.get("ErrorDocument") {
        members.insert("ErrorDocument".into(), serde_json::json!({"Key": key}));
    }
    if let Some(redirect) = value.get("RedirectAllRequestsTo") {
        members.insert("RedirectAllRequestsTo".into(), redirect.clone());
    }
    if let Some(rules) = value.get("RoutingRules") {
        let names = [("RoutingRuleCondition", "Condition"), ("RedirectRule", "Redirect")];
        let rules = each(Some(rules), |rule| renamed(rule, &names));
        members.insert("RoutingRules".into(), serde_json::json!({"RoutingRule": rules}));
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configurations_take_s3s_form() {
        let (query, xml) =
            configuration("OwnershipControls", &json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}))
                .unwrap();
        assert_eq!(query, "ownershipControls");
        assert_eq!(
            xml,
            "<OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"
        );
        let given = json!({"QueueConfigurations": [
            {"Event": "s3:ObjectCreated:*", "Queue": "q", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "a"}]}}}
        ]});
        let (_, xml) = configuration("NotificationConfiguration", &given).unwrap();
        for part in [
            "<QueueConfiguration>",
            "<Queue>q</Queue>",
            "<Event>s3:ObjectCreated:*</Event>",
            "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>a</Value></FilterRule></S3Key></Filter>",
        ] {
            assert!(xml.contains(part), "{xml}");
        }
        let rules = json!({"Rules": [
            {"Status": "Enabled", "ExpirationInDays": 1},
            {"Status": "Enabled", "Id": "x", "Prefix": "a/", "NoncurrentVersionExpirationInDays": 2,
             "TagFilters": [{"Key": "k", "Value": "v"}]},
        ]});
        let (query, xml) = configuration("LifecycleConfiguration", &rules).unwrap();
        assert_eq!(query, "lifecycle");
        for part in [
            "<Expiration><Days>1</Days></Expiration>",
            "<Filter><Prefix></Prefix></Filter>",
            "<Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>",
            "<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>",
        ] {
            assert!(xml.contains(part), "{xml}");
        }
        let rules = json!({"CorsRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["<a>"], "MaxAge": 5}]});
        let (_, xml) = configuration("CorsConfiguration", &rules).unwrap();
        assert!(xml.ends_with("<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>&lt;a&gt;</AllowedOrigin><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>"));
    }
}
