use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use messaging::cloud::s3::{Caller, Endpoint, S3, Store};
use std::collections::HashMap;

#[tokio::main]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let port: u16 = std::env::args().nth(2).unwrap().parse().unwrap();
    let ep = Endpoint::new(S3::open(Store::default(), std::path::Path::new(&dir), false).unwrap());
    let l = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let _ = HashMap::<u8, u8>::new();
    loop {
        let (s, _) = l.accept().await.unwrap();
        s.set_nodelay(true).unwrap();
        let ep = ep.clone();
        tokio::spawn(async move {
            let f = service_fn(move |req: http::Request<hyper::body::Incoming>| {
                let ep = ep.clone();
                async move {
                    let auth =
                        req.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
                    let q = req.uri().query().unwrap_or("").to_owned();
                    let scope =
                        auth.split("Credential=").nth(1).map(|s| s.split(',').next().unwrap().to_owned()).or_else(
                            || {
                                q.split("X-Amz-Credential=")
                                    .nth(1)
                                    .map(|s| s.split('&').next().unwrap().replace("%2F", "/"))
                            },
                        );
                    let p: Vec<String> = scope.unwrap_or_default().split('/').map(|s| s.to_owned()).collect();
                    let region = p.get(2).cloned().unwrap_or("us-east-1".into());
                    let service = p.get(3).cloned().unwrap_or("s3".into());
                    if service != "s3" {
                        let mut r = http::Response::new(s3s::Body::from(Bytes::from_static(b"no")));
                        *r.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
                        return Ok::<_, std::convert::Infallible>(r);
                    }
                    let host = req.headers().get("host").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
                    let host_bucket = host.split_once(".s3.").map(|(b, _)| b.to_owned());
                    let m = req.method().clone();
                    let u = req.uri().clone();
                    let r = ep
                        .serve(
                            req.map(|b| s3s::Body::from(b)),
                            Caller {
                                account: "000000000000".into(),
                                region,
                                access_key: p.first().cloned(),
                                host_bucket,
                            },
                        )
                        .await;
                    if std::env::var("V").is_ok() {
                        eprintln!("{m} {u} -> {}", r.status());
                    }
                    Ok(r)
                }
            });
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(s), f)
                .await;
        });
    }
    #[allow(unreachable_code)]
    {
        let _ = Full::new(Bytes::new()).boxed();
    }
}
