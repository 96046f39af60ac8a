//! Documents that S3 writes itself: failures, and answers of which `s3s` doesn't know all elements or their order.

use wire::xml::Writer;

/// The namespace of S3's answers; failures have none.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A whole document: an element `root` in a namespace (in none, if that is empty), and what `fill` writes into it.
pub(crate) fn document(root: &str, namespace: &str, fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut xml = Writer::with_capacity(512);
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    match namespace {
        "" => xml.open(root),
        namespace => xml.raw(&format!("<{root} xmlns=\"{namespace}\">")),
    }
    fill(&mut xml);
    xml.close(root);
    xml.into_bytes()
}
