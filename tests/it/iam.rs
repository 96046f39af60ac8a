//! IAM by its query protocol: users and their keys, groups, instance profiles, policies that AWS manages.

use serde_json::json;

use crate::helpers::accounts::{Answer, Caller, OWNER, STRANGER, allow, role_of};
use crate::helpers::cloud::{TestCloud, eventually};
use crate::helpers::signed::{Ask, Guarded, Key, element, status};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"firehose.amazonaws.com"}}]}"#;
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const S3_FULL: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

async fn iam(caller: Caller<'_>, action: &str, parameters: &[(&str, &str)]) -> Answer {
    caller.form("iam", action, parameters).await
}

/// Calls whose error or success is known, in order.
async fn all(caller: Caller<'_>, calls: &[(&str, &[(&str, &str)], &str)]) {
    for (action, parameters, expected) in calls {
        let answer = iam(caller, action, parameters).await;
        assert_eq!(answer.code(), *expected, "{action} {parameters:?}: {}", answer.1);
    }
}

/// `a` and `A` were two tags of a role, and any text was a statement's id.
#[tokio::test]
async fn keys_of_tags_and_ids_of_statements_have_their_rules() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let two = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1"), ("Tags.member.2.Key", "A")];
    let two = [&two[..], &[("Tags.member.2.Value", "2")]].concat();
    let ann = ("UserName", "ann");
    all(owner, &[("CreateUser", &[&[ann][..], &two].concat(), "InvalidInput"), ("CreateUser", &[ann], "OK")]).await;
    for (key, value) in [("team", "1"), ("Team", "2")] {
        iam(owner, "TagUser", &[ann, ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]).await.ok();
    }
    let tags = iam(owner, "ListUserTags", &[ann]).await;
    assert!(tags.1.matches("<Key>").count() == 1 && tags.element("Key") == "Team", "{}", tags.1);
    // Of a policy they are two.
    let policy = [&[("PolicyName", "p"), ("PolicyDocument", READ)][..], &two].concat();
    iam(owner, "CreatePolicy", &policy).await.ok();
    for (sid, code) in [("a-b", "MalformedPolicyDocument"), ("a b", "MalformedPolicyDocument"), ("a1", "OK")] {
        let document = READ.replacen("\"Effect\"", &format!("\"Sid\":\"{sid}\",\"Effect\""), 1);
        let put = [ann, ("PolicyName", "inline"), ("PolicyDocument", &document)];
        all(owner, &[("PutUserPolicy", &put, code)]).await;
    }
}

/// A key belongs to the account of the user that it was made for, and is that user until it's inactive or gone.
#[tokio::test]
async fn a_users_key_is_the_user() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    iam(owner, "CreateUser", &[("UserName", "ann"), ("Path", "/team/")]).await.ok();
    let made = iam(owner, "CreateAccessKey", &[("UserName", "ann")]).await;
    let (id, user) = (made.element("AccessKeyId"), "arn:aws:iam::222222222222:user/team/ann");
    assert!(id.starts_with("AKIA") && id.len() == 20 && made.element("SecretAccessKey").len() == 40, "{}", made.1);
    let ann = Caller { account: &id, ..owner };
    let who = ann.form("sts", "GetCallerIdentity", &[]).await;
    assert_eq!((who.element("Arn").as_str(), who.element("Account").as_str()), (user, OWNER));
    assert!(who.element("UserId").starts_with("AIDA"));
    let info = owner.form("sts", "GetAccessKeyInfo", &[("AccessKeyId", &id)]).await;
    assert_eq!(info.element("Account"), OWNER);

    // Without a name she is meant.
    assert_eq!(iam(ann, "GetUser", &[]).await.element("UserName"), "ann");
    assert_eq!(iam(ann, "ListAccessKeys", &[]).await.element("AccessKeyId"), id);
    let used = iam(owner, "GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).await;
    assert_eq!((used.element("ServiceName").as_str(), used.element("UserName").as_str()), ("iam", "ann"));
    let stranger = Caller::new(&cloud, STRANGER);
    all(stranger, &[("GetAccessKeyLastUsed", &[("AccessKeyId", &id)], "NoSuchEntity")]).await;

    // A session of hers ends with her, not with her key.
    let session = ann.form("sts", "GetSessionToken", &[("DurationSeconds", "129600")]).await;
    assert!(session.element("AccessKeyId").starts_with("ASIA"));

    iam(owner, "UpdateUser", &[("UserName", "ann"), ("NewUserName", "anna"), ("NewPath", "/")]).await.ok();
    let who = ann.form("sts", "GetCallerIdentity", &[]).await;
    assert_eq!(who.element("Arn"), "arn:aws:iam::222222222222:user/anna");
    let named = [("UserName", "anna"), ("AccessKeyId", id.as_str())];
    iam(owner, "UpdateAccessKey", &[named[0], named[1], ("Status", "Inactive")]).await.ok();
    assert_eq!(ann.form("sts", "GetCallerIdentity", &[]).await.code(), "InvalidClientTokenId");
    iam(owner, "UpdateAccessKey", &[named[0], named[1], ("Status", "Active")]).await.ok();
    assert_eq!(ann.form("sts", "GetCallerIdentity", &[]).await.code(), "OK");
    iam(owner, "DeleteAccessKey", &named).await.ok();
    let after = ann.form("sts", "GetCallerIdentity", &[]).await;
    assert_ne!(after.element("Account"), OWNER, "a key that nobody knows is the default account's");
}

/// With `--credentials` a user's key signs; an inactive, a deleted or a misused one doesn't.
#[tokio::test]
async fn a_users_key_is_verified() {
    let server = Guarded::start().await;
    let root = || Key { id: "AKIAA", secret: "sa", token: None };
    let ask = |body: &str| Ask::form(&format!("Version=2010-05-08&{body}"));
    let as_root = async |body: &str| server.signed(&ask(body), root(), "iam").await;
    assert_eq!(status(&as_root("Action=CreateUser&UserName=bob").await), "200");
    let made = as_root("Action=CreateAccessKey&UserName=bob").await;
    let (id, secret) = (element(&made, "AccessKeyId").to_owned(), element(&made, "SecretAccessKey").to_owned());
    let who = async |secret: &str| {
        let ask = Ask::form("Version=2011-06-15&Action=GetCallerIdentity");
        server.signed(&ask, Key { id: &id, secret, token: None }, "sts").await
    };
    let answer = who(&secret).await;
    assert!(element(&answer, "Arn").ends_with(":user/bob"), "{answer}");
    assert_eq!(element(&who("wrong").await, "Code"), "SignatureDoesNotMatch");
    let key = format!("UserName=bob&AccessKeyId={id}");
    assert_eq!(status(&as_root(&format!("Action=UpdateAccessKey&{key}&Status=Inactive")).await), "200");
    assert_eq!(element(&who(&secret).await, "Code"), "InvalidClientTokenId");
    assert_eq!(status(&as_root(&format!("Action=UpdateAccessKey&{key}&Status=Active")).await), "200");
    assert_eq!(status(&who(&secret).await), "200");
    assert_eq!(status(&as_root(&format!("Action=DeleteAccessKey&{key}")).await), "200");
    assert_eq!(element(&who(&secret).await, "Code"), "InvalidClientTokenId");
}

/// The principal of a user's request is the user, of his own account's queues as well as of another's.
#[tokio::test]
async fn a_queues_policy_sees_the_user() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let queue = "arn:aws:sqs:us-east-1:222222222222:q";
    owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
    for user in ["ann", "eve"] {
        iam(stranger, "CreateUser", &[("UserName", user)]).await.ok();
    }
    let keys = [
        iam(stranger, "CreateAccessKey", &[("UserName", "ann")]).await.element("AccessKeyId"),
        iam(stranger, "CreateAccessKey", &[("UserName", "eve")]).await.element("AccessKeyId"),
    ];
    let url = "http://localhost/222222222222/q";
    let with = async |policy: &str| {
        let set = [("QueueUrl", url), ("Attribute.1.Name", "Policy"), ("Attribute.1.Value", policy)];
        owner.form("sqs", "SetQueueAttributes", &set).await.ok();
        let mut sent = Vec::new();
        for key in &keys {
            let user = Caller { account: key, ..stranger };
            let answer = user.form("sqs", "SendMessage", &[("QueueUrl", url), ("MessageBody", "x")]).await;
            sent.push(answer.code() == "OK");
        }
        sent
    };
    let ann = json!({"AWS": "arn:aws:iam::111111111111:user/ann"});
    assert_eq!(with(&allow(ann, "sqs:SendMessage", queue)).await, [true, false]);
    assert_eq!(with(&allow(json!({"AWS": STRANGER}), "sqs:SendMessage", queue)).await, [true, true]);
    for condition in [
        json!({"StringEquals": {"aws:username": "eve"}}),
        json!({"StringEquals": {"aws:PrincipalType": "User"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/eve"}}),
        json!({"StringLike": {"aws:userid": "AIDA*"}, "StringNotEquals": {"aws:username": "ann"}}),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
            "Action": "sqs:SendMessage", "Resource": queue, "Condition": condition}]});
        assert_eq!(with(&policy.to_string()).await, [false, true], "{policy}");
    }
}

/// What hangs on a user, a group, a role or a policy is taken away first ("DeleteUser" and its like).
#[tokio::test]
async fn what_is_used_is_not_deleted() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let own = "arn:aws:iam::222222222222:policy/read";
    let (user, group, role) = (("UserName", "u"), ("GroupName", "g"), ("RoleName", "r"));
    let (profile, policy, inline) = (("InstanceProfileName", "p"), ("PolicyArn", own), ("PolicyName", "i"));
    let document = ("PolicyDocument", READ);
    all(
        owner,
        &[
            ("CreateUser", &[user], "OK"),
            ("CreateUser", &[("UserName", "U")], "EntityAlreadyExists"),
            ("CreateGroup", &[group], "OK"),
            ("CreateGroup", &[group], "EntityAlreadyExists"),
            ("CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)], "OK"),
            ("CreateInstanceProfile", &[profile], "OK"),
            ("CreateInstanceProfile", &[profile], "EntityAlreadyExists"),
            ("CreatePolicy", &[("PolicyName", "read"), document], "OK"),
            ("AddUserToGroup", &[user, group], "OK"),
            ("AddUserToGroup", &[user, ("GroupName", "nobody")], "NoSuchEntity"),
            ("AddRoleToInstanceProfile", &[profile, role], "OK"),
            ("AddRoleToInstanceProfile", &[profile, role], "LimitExceeded"),
            ("DeleteUser", &[user], "DeleteConflict"),
            ("DeleteGroup", &[group], "DeleteConflict"),
            ("DeleteRole", &[role], "DeleteConflict"),
            ("DeleteInstanceProfile", &[profile], "DeleteConflict"),
            ("RemoveUserFromGroup", &[user, group], "OK"),
            ("RemoveUserFromGroup", &[user, group], "NoSuchEntity"),
            ("RemoveRoleFromInstanceProfile", &[profile, role], "OK"),
            ("RemoveRoleFromInstanceProfile", &[profile, role], "NoSuchEntity"),
            ("AttachUserPolicy", &[user, policy], "OK"),
            ("AttachGroupPolicy", &[group, policy], "OK"),
            ("DeletePolicy", &[policy], "DeleteConflict"),
            ("DeleteUser", &[user], "DeleteConflict"),
            ("DeleteGroup", &[group], "DeleteConflict"),
            ("DetachUserPolicy", &[user, policy], "OK"),
            ("DetachUserPolicy", &[user, policy], "NoSuchEntity"),
            ("DetachGroupPolicy", &[group, policy], "OK"),
            ("PutUserPolicy", &[user, inline, document], "OK"),
            ("PutGroupPolicy", &[group, inline, document], "OK"),
            ("DeleteUser", &[user], "DeleteConflict"),
            ("DeleteGroup", &[group], "DeleteConflict"),
            ("DeleteUserPolicy", &[user, inline], "OK"),
            ("DeleteGroupPolicy", &[group, inline], "OK"),
            ("CreateLoginProfile", &[user, ("Password", "short")], "PasswordPolicyViolation"),
            ("CreateLoginProfile", &[user, ("Password", "Long-enough-1")], "OK"),
            ("CreateAccessKey", &[user], "OK"),
            ("CreateAccessKey", &[user], "OK"),
            ("CreateAccessKey", &[user], "LimitExceeded"),
            ("DeleteUser", &[user], "DeleteConflict"),
            ("DeleteLoginProfile", &[user], "OK"),
            ("DeleteUser", &[user], "DeleteConflict"),
            ("CreatePolicyVersion", &[policy, document], "OK"),
            ("DeletePolicy", &[policy], "DeleteConflict"),
            ("DeletePolicyVersion", &[policy, ("VersionId", "v1")], "DeleteConflict"),
            ("SetDefaultPolicyVersion", &[policy, ("VersionId", "v2")], "OK"),
            ("DeletePolicyVersion", &[policy, ("VersionId", "v1")], "OK"),
            ("DeletePolicyVersion", &[policy, ("VersionId", "v01")], "ValidationError"),
            ("DeletePolicy", &[policy], "OK"),
            ("DeleteGroup", &[group], "OK"),
            ("DeleteRole", &[role], "OK"),
            ("DeleteInstanceProfile", &[profile], "OK"),
        ],
    )
    .await;
}

/// A new version's number is one that no version had; five there are at most.
#[tokio::test]
async fn a_policy_has_five_versions() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let policy = ("PolicyArn", "arn:aws:iam::222222222222:policy/p");
    iam(owner, "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", READ)]).await.ok();
    let new = async |default: &str| {
        let other = READ.replace("GetObject", "PutObject");
        let parameters = [policy, ("PolicyDocument", other.as_str()), ("SetAsDefault", default)];
        iam(owner, "CreatePolicyVersion", &parameters).await
    };
    assert_eq!(new("false").await.element("VersionId"), "v2");
    assert_eq!(iam(owner, "GetPolicy", &[policy]).await.element("DefaultVersionId"), "v1");
    assert_eq!(new("true").await.element("VersionId"), "v3");
    assert_eq!(iam(owner, "GetPolicy", &[policy]).await.element("DefaultVersionId"), "v3");
    for (version, action) in [("v1", "GetObject"), ("v2", "PutObject"), ("v3", "PutObject")] {
        let shown = iam(owner, "GetPolicyVersion", &[policy, ("VersionId", version)]).await;
        assert!(shown.element("Document").contains(action), "{version}");
    }
    iam(owner, "DeletePolicyVersion", &[policy, ("VersionId", "v2")]).await.ok();
    for version in ["v4", "v5", "v6"] {
        assert_eq!(new("false").await.element("VersionId"), version);
    }
    assert_eq!(new("false").await.code(), "LimitExceeded");
}

/// A role that had one of AWS's policies attached could not be made, so that no template of AWS's samples deployed.
#[tokio::test]
async fn policies_of_aws_are_attached_and_judged() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    owner.s3("PUT /landing", &[], "").await.ok();
    let attached = [S3_FULL, "arn:aws:iam::aws:policy/ReadOnlyAccess"];
    for (name, policy) in ["writer", "reader"].into_iter().zip(attached) {
        let (role, arn) = (("RoleName", name), ("PolicyArn", policy));
        iam(owner, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]).await.ok();
        iam(owner, "AttachRolePolicy", &[role, arn]).await.ok();
        owner.stream(name, &role_of(OWNER, name), "landing").await.ok();
        owner.put_record(name).await;
    }
    cloud.pass(61);
    assert_eq!(eventually(async || Some(owner.objects("landing").await).filter(|n| *n > 0)).await, Some(1));
    cloud.notice_with(&["ReadOnlyAccess was attached to", "its document isn't known here"]).await;
    cloud.notice_with(&["no policy of the role", "the document of arn:aws:iam::aws:policy/ReadOnlyAccess"]).await;

    // A boundary of AWS's bounds.
    let boundary = [("RoleName", "writer"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonSQSFullAccess")];
    iam(owner, "PutRolePermissionsBoundary", &boundary).await.ok();
    owner.put_record("writer").await;
    cloud.pass(61);
    cloud.notice_with(&["the permissions boundary of the role", "does not allow s3:PutObject"]).await;
    assert_eq!(owner.objects("landing").await, 1);
}

/// "ListPolicies", "GetPolicy" and their like for what AWS manages.
#[tokio::test]
async fn policies_of_aws_are_listed_and_shown() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let role = ("RoleName", "r");
    iam(owner, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]).await.ok();
    let service = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy";
    all(
        owner,
        &[
            ("AttachRolePolicy", &[role, ("PolicyArn", S3_FULL)], "OK"),
            ("AttachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::aws:policy/OfTomorrow")], "OK"),
            ("AttachRolePolicy", &[role, ("PolicyArn", service)], "PolicyNotAttachable"),
            // What is shorter than an ARN breaks the model's bound; what is long enough and none is told so.
            ("AttachRolePolicy", &[role, ("PolicyArn", "AmazonS3FullAccess")], "ValidationError"),
            ("AttachRolePolicy", &[role, ("PolicyArn", "policy/AmazonS3FullAccess")], "InvalidInput"),
            ("AttachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::222222222222:policy/none")], "NoSuchEntity"),
            ("GetPolicy", &[("PolicyArn", "arn:aws:iam::aws:policy/OfTomorrow")], "NoSuchEntity"),
            ("GetPolicyVersion", &[("PolicyArn", S3_FULL), ("VersionId", "v1")], "NoSuchEntity"),
            ("DeletePolicy", &[("PolicyArn", S3_FULL)], "AccessDenied"),
            ("CreatePolicyVersion", &[("PolicyArn", S3_FULL), ("PolicyDocument", READ)], "AccessDenied"),
        ],
    )
    .await;
    cloud.notice_with(&["OfTomorrow was attached to", "no policy of this name is known here"]).await;
    let shown = iam(owner, "GetPolicy", &[("PolicyArn", S3_FULL)]).await;
    assert_eq!(
        (shown.element("PolicyName").as_str(), shown.element("AttachmentCount").as_str()),
        ("AmazonS3FullAccess", "1")
    );
    let version = shown.element("DefaultVersionId");
    let document = iam(owner, "GetPolicyVersion", &[("PolicyArn", S3_FULL), ("VersionId", &version)]).await;
    assert!(document.element("Document").contains("s3%3A%2A"), "{}", document.1);
    let listed = async |parameters: &[(&str, &str)]| {
        iam(owner, "ListPolicies", parameters).await.ok().matches("<PolicyName>").count()
    };
    assert_eq!(listed(&[("Scope", "AWS"), ("MaxItems", "1000")]).await, 1_000);
    assert_eq!(listed(&[("Scope", "AWS"), ("OnlyAttached", "true")]).await, 1);
    assert_eq!(listed(&[("Scope", "Local")]).await, 0);
    assert!(listed(&[("PathPrefix", "/job-function/")]).await > 5);
    let users = iam(owner, "ListEntitiesForPolicy", &[("PolicyArn", S3_FULL)]).await;
    assert_eq!(users.element("RoleName"), "r");
}

/// "Using service-linked roles": a client has them made and deleted, and changes nothing of them.
#[tokio::test]
async fn a_service_linked_role_is_its_services() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let service = ("AWSServiceName", "ecs.amazonaws.com");
    let made = iam(owner, "CreateServiceLinkedRole", &[service]).await;
    assert_eq!(
        made.element("Arn"),
        "arn:aws:iam::222222222222:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    );
    let role = ("RoleName", "AWSServiceRoleForECS");
    all(
        owner,
        &[
            ("CreateServiceLinkedRole", &[service], "InvalidInput"),
            ("CreateServiceLinkedRole", &[("AWSServiceName", "nobody.amazonaws.com")], "NotImplemented"),
            ("DeleteRole", &[role], "UnmodifiableEntity"),
            ("PutRolePolicy", &[role, ("PolicyName", "p"), ("PolicyDocument", READ)], "UnmodifiableEntity"),
            ("AttachRolePolicy", &[role, ("PolicyArn", S3_FULL)], "UnmodifiableEntity"),
            ("UpdateRoleDescription", &[role, ("Description", "mine")], "OK"),
            ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", "task/none")], "NoSuchEntity"),
        ],
    )
    .await;
    let task = iam(owner, "DeleteServiceLinkedRole", &[role]).await.element("DeletionTaskId");
    let status = iam(owner, "GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", &task)]).await;
    assert_eq!(status.element("Status"), "SUCCEEDED");
    assert_eq!(iam(owner, "GetRole", &[role]).await.code(), "NoSuchEntity");
}

/// "IAM and AWS STS quotas": inline policies of a user, a group and a role together, white space not counted.
#[tokio::test]
async fn policies_have_sizes() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let of = |size: usize, wide: bool| {
        let frame =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::"}]}"#;
        let text = frame.replace(":::", &format!(":::{}", "x".repeat(size - frame.len())));
        if wide { text.replace(",\"", &format!(",{}\"", " ".repeat(100))) } else { text }
    };
    iam(owner, "CreateUser", &[("UserName", "u")]).await.ok();
    iam(owner, "CreateGroup", &[("GroupName", "g")]).await.ok();
    iam(owner, "CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)]).await.ok();
    let holders = [
        ("PutUserPolicy", ("UserName", "u"), 2_048),
        ("PutGroupPolicy", ("GroupName", "g"), 5_120),
        ("PutRolePolicy", ("RoleName", "r"), 10_240),
    ];
    for (action, holder, max) in holders {
        for (name, size, wide, expected) in
            [("a", max + 1, false, "LimitExceeded"), ("a", max, true, "OK"), ("b", 200, false, "LimitExceeded")]
        {
            let document = of(size, wide);
            let answer = iam(owner, action, &[holder, ("PolicyName", name), ("PolicyDocument", &document)]).await;
            assert_eq!(answer.code(), expected, "{action} {size}: {}", answer.1);
        }
    }
    for (size, expected) in [(6_145, "LimitExceeded"), (6_144, "OK")] {
        let answer = iam(owner, "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &of(size, true))]).await;
        assert_eq!(answer.code(), expected, "{size}: {}", answer.1);
    }
}
