//! The fields of a browser's form, read before its file: who signed it, and what.
//!
//! `s3s` reads the form once more and obeys what it finds. So that it finds what was verified and nothing else, it gets the
//! head written anew, of the fields that were read here, without their policy and its signature.
//! Source: "POST Object" and "Browser-based uploads using POST" (Amazon S3 API reference).

use std::collections::HashSet;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use s3s::Body;

use super::call::FormExtras;
use super::{call, stream};
use crate::request::{Context, host_of};
use crate::s3::address::target;
use crate::s3::checksum::Algorithm;
use crate::s3::error::{Failure, Result};
use crate::s3::post_policy;

/// How much of a form may come before its file, in bytes. AWS takes 20 KB.
const MAX_FIELDS: usize = 64 * 1024;
/// The longest boundary, in bytes (RFC 2046, 5.1.1).
const MAX_BOUNDARY: usize = 70;
/// The fields that prove what a form may do, and those that `s3s` doesn't know or obeys otherwise. They are obeyed here, and left out
/// of what it reads.
const OURS: [&str; 9] = [
    "policy",
    "x-amz-signature",
    "signature",
    "awsaccesskeyid",
    "acl",
    "tagging",
    "redirect",
    "success_action_redirect",
    "success_action_status",
];

/// The fields of a form, as (name, value) in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub fields: Vec<(String, String)>,
}

/// Whether a request is a browser's form.
pub(crate) fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    parts.method == http::Method::POST && essence.eq_ignore_ascii_case(b"multipart/form-data")
}

impl Form {
    /// Reads a form up to its file; also gives the form as `s3s` shall see it, and makes the head fit to that.
    pub(crate) async fn open(parts: &mut Parts, body: Body) -> Result<(Form, Body)> {
        let boundary = boundary(parts).ok_or_else(malformed)?;
        // In a few pieces, since all is read again with each.
        let mut body = stream::gathered(stream::patient(body));
        let (mut head, mut found) = (BytesMut::new(), None);
        while found.is_none() {
            if head.len() > MAX_FIELDS {
                return Err(too_large());
            }
            let Some(bytes) = body.next().await else { return Err(no_file()) };
            head.extend_from_slice(&bytes?);
            found = read(&head, &boundary)?;
        }
        let (form, file) = found.ok_or_else(malformed)?;
        parts.extensions.insert(form.extras());
        let rewritten = form.rewritten(&boundary, &head[file..])?;
        let body = futures::stream::once(async { Ok(Bytes::from(rewritten)) }).chain(body);
        parts.headers.remove(CONTENT_LENGTH);
        let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
        parts.headers.insert(CONTENT_TYPE, HeaderValue::try_from(kind).map_err(|_| malformed())?);
        Ok((form, stream::wrap(Box::pin(body))))
    }

    /// The policy as it stands in the form: base64, and what is signed.
    pub(crate) fn policy(&self) -> Option<&str> {
        self.field("policy")
    }

    fn field(&self, wanted: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    }

    /// Refuses a form that has a policy, and not all of what signs it. Whether that is right is the gateway's question.
    fn check_signed(&self) -> Result<()> {
        const V4: [&str; 4] = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date"];
        const V2: [&str; 2] = ["AWSAccessKeyId", "Signature"];
        let has = |name: &&&str| self.field(name).is_some();
        let needed: &[&str] = match () {
            () if V4.iter().any(|name| has(&name)) => &V4,
            () if V2.iter().any(|name| has(&name)) => &V2,
            () => return Err(Failure::access_denied()),
        };
        let Some(missing) = needed.iter().find(|name| !has(name)) else { return Ok(()) };
        let message = format!(
            "Bucket POST must contain a field named '{missing}'.  If it is specified, please check the order of the fields."
        );
        Err(Failure::invalid_argument(message, missing, ""))
    }

    /// What `s3s` doesn't know of it.
    fn extras(&self) -> FormExtras {
        let algorithm = |name: &str| Algorithm::ALL.into_iter().find(|known| known.header().eq_ignore_ascii_case(name));
        let found = self.fields.iter().filter_map(|(name, value)| Some((algorithm(name)?, value.clone())));
        let checksums = found.collect();
        let own = |name: &str| self.field(name).map(str::to_owned);
        FormExtras {
            checksums,
            acl: own("acl"),
            tagging: own("tagging"),
            redirect: own("success_action_redirect").or_else(|| own("redirect")),
            status: own("success_action_status"),
        }
    }

    /// Holds the form against its policy, if it has one, and says how large its file may be.
    ///
    /// # Errors
    /// Those of [`post_policy::check`].
    pub(crate) fn permitted(&self, cx: &Context, parts: &mut Parts) -> Result<()> {
        let Some(policy) = self.policy() else { return Ok(()) };
        self.check_signed()?;
        let (bucket, _) = target(host_of(call::host(cx)), parts.uri.path());
        let sizes = post_policy::check(policy, &self.fields, &bucket, cx.cloud.core.clients_now())?;
        parts.extensions.insert(sizes);
        Ok(())
    }

    /// The form as the next reader gets it; `file` is its file's part, as far as it has come.
    fn rewritten(&self, boundary: &str, file: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = self.written(boundary)?;
        let length = find(file, b"\r\n\r\n").ok_or_else(malformed)?;
        match disposition(&file[..length])?.file {
            // The next reader knows no empty name, which browsers send for an input without a file.
            Some("") => {
                bytes.extend_from_slice(b"Content-Disposition: form-data; name=\"file\"");
                for line in file[..length].split(|byte| *byte == b'\n').filter(|line| !is_disposition(line)) {
                    bytes.extend_from_slice(b"\r\n");
                    bytes.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                }
                bytes.extend_from_slice(&file[length..]);
            }
            _ => bytes.extend_from_slice(file),
        }
        Ok(bytes)
    }

    /// The form up to its file's part.
    fn written(&self, boundary: &str) -> Result<Vec<u8>> {
        let mut text = String::new();
        for (name, value) in &self.fields {
            if OURS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            if value.contains(&format!("--{boundary}")) {
                return Err(malformed());
            }
            text.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        text.push_str(&format!("--{boundary}\r\n"));
        Ok(text.into_bytes())
    }
}

fn malformed() -> Failure {
    let message = "The body of your POST request is not well-formed multipart/form-data.";
    Failure::new(400, "MalformedPOSTRequest", message)
}

fn too_large() -> Failure {
    let message = "Your POST request fields preceding the upload file were too large.";
    Failure::new(400, "MaxPostPreDataLengthExceeded", message).with("MaxPostPreDataLengthBytes", MAX_FIELDS.to_string())
}

fn no_file() -> Failure {
    Failure::invalid_argument("POST requires exactly one file upload per request.", "file", "0")
}

fn boundary(parts: &Parts) -> Option<String> {
    let kind = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut all = kind.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let (_, text) = all.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    ((1..=MAX_BOUNDARY).contains(&text.len()) && text.bytes().all(allowed)).then(|| text.to_owned())
}

/// The fields, and where the head of the file's part begins; `None` while that hasn't come whole.
fn read(bytes: &[u8], boundary: &str) -> Result<Option<(Form, usize)>> {
    let delimiter = format!("\r\n--{boundary}");
    let first = &delimiter.as_bytes()[2..];
    let mut at = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    if bytes.len() < at + first.len() + 2 {
        return Ok(None);
    }
    if !bytes[at..].starts_with(first) {
        return Err(malformed());
    }
    at += first.len();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut names = HashSet::new();
    loop {
        match bytes.get(at..at + 2) {
            None => return Ok(None),
            Some(b"\r\n") => at += 2,
            Some(b"--") => return Err(no_file()),
            Some(_) => return Err(malformed()),
        }
        let start = at;
        let Some(length) = find(&bytes[at..], b"\r\n\r\n") else { return Ok(None) };
        let Disposition { name, file } = disposition(&bytes[at..at + length])?;
        at += length + 4;
        if name.eq_ignore_ascii_case("file") {
            name_the_file(&mut fields, file)?;
            return Ok(Some((Form { fields }, start)));
        }
        let Some(length) = find(&bytes[at..], delimiter.as_bytes()) else { return Ok(None) };
        let value = std::str::from_utf8(&bytes[at..at + length]).map_err(|_| malformed())?;
        // Two readers could each believe another one.
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(Failure::invalid_argument("A field of the form is given more than once.", &name, value));
        }
        fields.push((name, value.to_owned()));
        at += length + delimiter.len();
    }
}

/// Puts the file's name where a field says `${filename}`: what follows the last slash or backslash. Fields stay as they are
/// where there is no name, or one that says the same again.
fn name_the_file(fields: &mut [(String, String)], file: Option<&str>) -> Result<()> {
    const VARIABLE: &str = "${filename}";
    let Some(name) = file.and_then(|path| path.rsplit(['/', '\\']).next()) else { return Ok(()) };
    if name.contains(VARIABLE) {
        return Ok(());
    }
    let size = |(_, value): &(String, String)| value.len() + value.matches(VARIABLE).count() * name.len();
    if fields.iter().map(size).sum::<usize>() > MAX_FIELDS {
        return Err(too_large());
    }
    for (_, value) in fields.iter_mut().filter(|(_, value)| value.contains(VARIABLE)) {
        *value = value.replace(VARIABLE, name);
    }
    Ok(())
}

/// What a part says of itself.
struct Disposition<'h> {
    name: String,
    /// The name of the file that it brings.
    file: Option<&'h str>,
}

/// Reads a part's one `Content-Disposition` header.
fn disposition(head: &[u8]) -> Result<Disposition<'_>> {
    let head = std::str::from_utf8(head).map_err(|_| malformed())?;
    // Where a single one of them ends a line too, the next reader would see another head, or none.
    if head.split("\r\n").any(|line| line.contains(['\r', '\n'])) {
        return Err(malformed());
    }
    let lines = head.split("\r\n").filter(|line| is_disposition(line.as_bytes()));
    let mut dispositions = lines.filter_map(|line| Some(line.split_once(':')?.1));
    let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else { return Err(malformed()) };
    let mut rest = disposition.split_once(';').ok_or_else(malformed)?.1;
    let (mut found, mut file) = (None, None);
    while let Some((name, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(malformed)?,
            None => {
                (value.split(';').next().unwrap_or(value).trim(), value.split_once(';').map_or("", |(_, next)| next))
            }
        };
        let place = match name.trim().trim_start_matches(';').trim() {
            name if name.eq_ignore_ascii_case("name") => Some(&mut found),
            name if name.eq_ignore_ascii_case("filename") => Some(&mut file),
            _ => None,
        };
        if place.is_some_and(|place| place.replace(value).is_some()) {
            return Err(malformed());
        }
        rest = next;
    }
    let plain = |name: &&str| !name.is_empty() && !name.contains(['\\', '"', '\r', '\n']);
    let name = found.filter(plain).ok_or_else(malformed)?.to_owned();
    Ok(Disposition { name, file })
}

fn is_disposition(line: &[u8]) -> bool {
    line.split(|byte| *byte == b':').next().is_some_and(|name| name.eq_ignore_ascii_case(b"content-disposition"))
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, needle)
}

/// Reads a form, and holds what goes on to the next reader against it.
#[cfg(any(test, fuzzing))]
pub(crate) fn check(bytes: &[u8], boundary: &str) {
    let Ok(Some((form, file))) = read(bytes, boundary) else { return };
    let Ok(rewritten) = form.rewritten(boundary, &bytes[file..]) else { return };
    let again = read(&rewritten, boundary).ok().flatten().map(|(form, _)| form.fields);
    let is_ours = |name: &str| OURS.iter().any(|known| known.eq_ignore_ascii_case(name));
    let unsigned = form.fields.into_iter().filter(|(name, _)| !is_ours(name));
    assert_eq!(again, Some(unsigned.collect()), "two readers see one form");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, value: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn opened(form: &str) -> Result<Option<Form>> {
        read(form.as_bytes(), "b").map(|found| found.map(|(form, _)| form))
    }

    #[tokio::test]
    async fn what_goes_on_is_what_was_read() {
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nname=\"signature\"\r\n--b--\r\n";
        let form = part("key", "k\r\n-b") + &part("X-Amz-Signature", "abc") + &part("policy", "cA==") + file;
        let request = http::Request::post("/bucket").header(CONTENT_TYPE, "Multipart/Form-Data; boundary=b");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert!(is_form(&parts));
        for cut in [1, 7, 50, 1000] {
            let mut parts = parts.clone();
            let pieces: Vec<_> =
                form.as_bytes().chunks(cut).map(|c| Ok::<_, Failure>(Bytes::copy_from_slice(c))).collect();
            let (form, body) = Form::open(&mut parts, stream::wrap(futures::stream::iter(pieces))).await.unwrap();
            assert_eq!(form.policy(), Some("cA=="));
            let got = body.map(|bytes| bytes.unwrap()).collect::<Vec<_>>().await.concat();
            let expected = part("key", "k\r\n-b") + file;
            assert_eq!(String::from_utf8(got).unwrap(), expected, "cut at {cut}");
        }
    }

    /// The policy that is verified must be the one that is obeyed.
    #[test]
    fn forms_that_two_readers_would_read_differently() {
        let file = part("file", "x");
        let code = |form: String| opened(&form).unwrap_err().code.into_owned();
        assert_eq!(code(part("policy", "a") + &part("Policy", "b") + &file), "InvalidArgument");
        assert_eq!(code(part("a\"; name=\"policy", "a") + &file), "MalformedPOSTRequest");
        assert_eq!(code(part("a\\", "a") + &file), "MalformedPOSTRequest");
        let two = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nx\r\n";
        assert_eq!(code(two.to_owned() + &file), "MalformedPOSTRequest");
        assert_eq!(code(part("a", "x") + "--b--\r\n"), "InvalidArgument");
        assert_eq!(code("--c\r\n".to_owned() + &file), "MalformedPOSTRequest");
        // The next reader took this head to end at the empty line, found no name, and read on for ever.
        let two_ends = file.replace("Content-Disposition", "X: y\n\nContent-Disposition");
        assert_eq!(code(two_ends), "MalformedPOSTRequest");
        assert_eq!(code(file.replace("Content-Disposition", " Content-Disposition")), "MalformedPOSTRequest");
        assert_eq!(opened(&part("a", "x")).unwrap(), None, "more is to come");
        let hidden =
            Form { fields: vec![("a".into(), "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nx".into())] };
        assert!(hidden.written("b").is_err());
    }

    #[test]
    fn a_field_may_name_the_file_that_comes() {
        let key = |name: &str, value: &str| {
            let file = format!("--b\r\nContent-Disposition: form-data; name=\"file\"{name}\r\n\r\nx\r\n--b--\r\n");
            let form = opened(&(part("key", value) + &file)).map(Option::unwrap);
            form.map_or_else(|failure| failure.code.into_owned(), |form| form.fields[0].1.clone())
        };
        let up = "up/${filename}";
        assert_eq!(key("; filename=\"f.txt\"", up), "up/f.txt");
        assert_eq!(key("; filename=\"f.txt\"", "${filename}/${filename}"), "f.txt/f.txt");
        assert_eq!(key("; filename=\"C:\\docs\\a b.txt\"", up), "up/a b.txt");
        assert_eq!(key("; filename=\"../../etc/passwd\"", up), "up/passwd");
        assert_eq!(key("; filename=\"\"", up), "up/");
        assert_eq!(key("", up), up);
        assert_eq!(key("; filename=\"${filename}\"", up), up);
        assert_eq!(key("; filename=\"a\"; filename=\"b\"", up), "MalformedPOSTRequest");
        let long = format!("; filename=\"{}\"", "x".repeat(1000));
        assert_eq!(key(&long, &"${filename}".repeat(100)), "MaxPostPreDataLengthExceeded");
    }

    #[test]
    fn only_forms_are_forms() {
        let is = |method: &str, kind: &str| {
            let request = http::Request::builder().method(method).uri("/b").header(CONTENT_TYPE, kind);
            is_form(&request.body(()).unwrap().into_parts().0)
        };
        assert!(is("POST", "multipart/form-data; boundary=b") && is("POST", "MULTIPART/form-data"));
        // `s3s` takes these for something else, and would do it in the name of who signed the form.
        assert!(!is("POST", "multipart/form-dataX; boundary=b") && !is("PUT", "multipart/form-data; boundary=b"));
    }

    proptest::proptest! {
        #[test]
        fn mangled_forms(text in crate::testing::mangled::mangled(&[
            "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--b--",
        ])) {
            let _ = opened(&text);
        }
    }
}
