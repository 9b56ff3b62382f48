//! The least that a server on tokio can do: answers each request of a fixed size with a fixed answer.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves until the process ends; prints its address first.
pub(crate) async fn serve(request: usize, answer: usize) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let answer: Arc<[u8]> = vec![7; answer].into();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(stream, request, answer.clone()));
    }
}

async fn connection(mut stream: TcpStream, request: usize, answer: Arc<[u8]>) {
    stream.set_nodelay(true).unwrap();
    let mut question = vec![0; request];
    while stream.read_exact(&mut question).await.is_ok() {
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}
