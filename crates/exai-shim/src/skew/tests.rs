use super::*;

#[test]
fn releases_are_compared_by_number() {
    assert!(is_older("0.9.9", "0.10.0"));
    assert!(is_older("0.1.0-rc.1", "0.1.1"));
    assert!(!is_older("0.1.0", "0.1.0"));
    assert!(!is_older("1.0.0", "0.9.0"));
    assert!(!is_older("", "1.0.0"));
    assert!(!is_older("nightly", "1.0.0"));
}

#[test]
fn the_request_carries_the_token_and_reads_the_status() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let daemon = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 202 Accepted\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        };
        let token = Secret::new("t0ken");
        let (status, asked) = tokio::join!(post(&authority, Some(&token)), daemon);
        assert_eq!(status.unwrap(), "HTTP/1.1 202 Accepted");
        assert!(asked.starts_with("POST /stop?when=idle ") && asked.contains("Bearer t0ken\r\n"), "{asked}");
    });
}
