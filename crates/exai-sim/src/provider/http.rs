//! The little of HTTP/1.1 that a provider has to read.

use anyhow::{Context as _, bail};

/// A head beyond this is no request of ours.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The largest body read: above the 16 MiB line that a host may send, files inlined.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    /// The value of the first header of this name (in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Takes one request off the front of `buffer`; `None`: it is not complete yet.
    pub(crate) fn take(buffer: &mut Vec<u8>) -> anyhow::Result<Option<Self>> {
        let Some(head_len) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
            if buffer.len() > MAX_HEAD_BYTES {
                bail!("a request head of more than {MAX_HEAD_BYTES} bytes");
            }
            return Ok(None);
        };
        let head = buffer.get(..head_len).unwrap_or_default();
        let mut request = Self::parse_head(head)?;
        let rest = buffer.get(head_len + 4..).unwrap_or_default();
        let Some((body, used)) = request.parse_body(rest)? else { return Ok(None) };
        request.body = body;
        buffer.drain(..head_len + 4 + used);
        Ok(Some(request))
    }

    fn parse_head(head: &[u8]) -> anyhow::Result<Self> {
        let head = std::str::from_utf8(head)?;
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path)) = (first.next(), first.next()) else { bail!("no request line") };
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Self { method: method.into(), path: path.into(), headers, body: Vec::new() })
    }

    /// The body and how many bytes it took; `None`: not all there yet.
    fn parse_body(&self, rest: &[u8]) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
        if self.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            return dechunk(rest);
        }
        let length: usize = self.header("content-length").unwrap_or("0").parse()?;
        if length > MAX_BODY_BYTES {
            bail!("a request body of {length} bytes");
        }
        Ok(rest.get(..length).map(|body| (body.to_vec(), length)))
    }
}

fn dechunk(rest: &[u8]) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
    let mut body = Vec::new();
    let mut used = 0;
    loop {
        let left = rest.get(used..).unwrap_or_default();
        let Some(line_len) = left.windows(2).position(|w| w == b"\r\n") else { return Ok(None) };
        let line = std::str::from_utf8(left.get(..line_len).unwrap_or_default())?;
        let size = usize::from_str_radix(line.trim(), 16).context("a chunk size")?;
        let data_at = line_len + 2;
        let end = data_at.saturating_add(size).saturating_add(2);
        if size > MAX_BODY_BYTES || body.len() > MAX_BODY_BYTES {
            bail!("a request body of more than {MAX_BODY_BYTES} bytes");
        }
        let Some(data) = left.get(data_at..end) else { return Ok(None) };
        used += end;
        if size == 0 {
            return Ok(Some((body, used)));
        }
        body.extend_from_slice(data.get(..size).unwrap_or_default());
    }
}
