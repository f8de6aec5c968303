//! A server that answers every request with what it is told to, whatever was asked.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

pub struct Stranger {
    pub url: String,
    /// Serves as long as it lives.
    _runtime: Runtime,
}

impl Stranger {
    /// Answers with this status line and what `body` makes of the request's text.
    pub fn answering(status: &'static str, body: fn(&str) -> String) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, status, body));
            }
        });
        Self { url, _runtime: runtime }
    }
}

async fn answer(mut stream: TcpStream, status: &str, body: fn(&str) -> String) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let body = body(&String::from_utf8_lossy(&request));
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}
