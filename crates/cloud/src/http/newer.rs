//! What a client gets that speaks HTTP/2 without having asked: hyper hangs up on it without a byte.
//!
//! Source: RFC 9113, 3.4 (the server's preface), 6.8 (GOAWAY) and 7 (HTTP_1_1_REQUIRED).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client may take to read the answer and leave.
const PATIENCE: Duration = Duration::from_secs(1);
const REASON: &[u8] = b"this server speaks HTTP/1.1";
/// An empty SETTINGS frame, then GOAWAY: no stream was served, HTTP_1_1_REQUIRED, and the reason follows.
const ANSWER: [u8; 26] =
    [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8 + REASON.len() as u8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd];

/// Tells a client in its own language that it must speak HTTP/1.1.
pub(super) async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let answer = [&ANSWER[..], REASON].concat();
    let told = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // What the client still sends is read: closing on it would take the answer back.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(PATIENCE, told).await;
}
