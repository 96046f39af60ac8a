//! Documents that S3 writes itself: failures, and answers of which `s3s` doesn't know all elements or their order.

use wire::xml::Writer;

/// The namespace of S3's answers; failures have none.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// How every document begins.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A whole document: an element `root` in a namespace (in none, if that is empty), and what `fill` writes into it.
pub(crate) fn document(root: &str, namespace: &str, fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut xml = Writer::with_capacity(512);
    xml.raw(DECLARATION);
    match namespace {
        "" => xml.open(root),
        namespace => xml.raw(&format!("<{root} xmlns=\"{namespace}\">")),
    }
    fill(&mut xml);
    xml.close(root);
    xml.into_bytes()
}

/// A document that is one element with a text.
pub(crate) fn text(root: &str, namespace: &str, text: &str) -> Vec<u8> {
    format!("{DECLARATION}<{root} xmlns=\"{namespace}\">{}</{root}>", quick_xml::escape::escape(text)).into_bytes()
}

/// A document that is one element with nothing in it.
pub(crate) fn empty(root: &str, namespace: &str) -> Vec<u8> {
    format!("{DECLARATION}<{root} xmlns=\"{namespace}\"/>").into_bytes()
}
