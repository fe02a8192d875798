//! Addresses: just enough of a URL to refuse what can't be meant, and to keep secrets out of what is shown.

use crate::host::Host;

/// An address taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Lower case.
    pub(crate) scheme: String,
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
    /// Empty, or begins with `/`.
    pub(crate) path: String,
}

/// Whether an address has a user part, a query or a fragment, which often hold a key: such a text is not shown.
pub(crate) fn may_hold_secret(text: &str) -> bool {
    text.contains(['@', '?', '#'])
}

impl Url {
    /// Takes apart `scheme://host[:port][/path]` with one of these schemes.
    pub(crate) fn parse(text: &str, schemes: &[&str]) -> Result<Self, String> {
        if may_hold_secret(text) {
            return Err("an address without user, query and fragment is needed; keys and tokens have settings of their own".into());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        if !schemes.contains(&scheme.as_str()) {
            let begins: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            return Err(format!("an address that begins with {} is needed", begins.join(" or ")));
        }
        if !rest.chars().all(|c| c.is_ascii_graphic()) {
            return Err("an address has no blanks and no letters beyond ASCII".into());
        }
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (host, port) = split_port(authority);
        if host.contains(':') && !host.starts_with('[') {
            return Err("an IPv6 address stands in brackets, such as [::1]".into());
        }
        let host = Host::parse(host).map_err(|_| "an address with a host name or an IP address is needed")?;
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port @ 1..)) => Some(port),
            Some(_) => return Err("a port from 1 to 65535 is needed after the host".into()),
        };
        Ok(Self { scheme, host, port, path: path.to_owned() })
    }

    /// The address with nothing behind its path.
    pub(crate) fn write(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host.in_url(), self.path)
    }
}

/// The authority's host and what stands after the colon. The colons inside an IPv6 address are not it.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// An address to dial: an unspecified host becomes loopback.
pub(crate) fn socket(text: &str) -> Result<String, String> {
    let mut url = Url::parse(text, &["ws", "wss"])?;
    url.host = url.host.dial();
    if url.path.is_empty() {
        url.path.push('/');
    }
    Ok(url.write())
}

/// The base of a provider's API, without a slash at the end.
pub(crate) fn base(text: &str) -> Result<String, String> {
    let mut url = Url::parse(text, &["https", "http"])?;
    url.path.truncate(url.path.trim_end_matches('/').len());
    if url.path.ends_with("/chat/completions") {
        return Err("the address up to, not including, /chat/completions is needed".into());
    }
    Ok(url.write())
}

/// A browser's origin, exact: scheme, host and port.
pub(crate) fn origin(text: &str) -> Result<String, String> {
    let url = Url::parse(text, &["https", "http"]);
    let url = url
        .ok()
        .filter(|url| url.path.is_empty())
        .ok_or("an exact origin is needed, such as https://example.org or http://localhost:3000")?;
    Ok(url.write())
}

#[cfg(test)]
mod tests;
