use super::*;

#[test]
fn what_begins_like_markup_is_a_page() {
    for page in ["<html>", " \r\n<!DOCTYPE html>", "\u{feff}<HTML>", "<?xml version=\"1.0\"?>"] {
        assert!(is_page(page.as_bytes()), "{page}");
    }
    for other in ["", "{\"a\":\"<b>\"}", "data: <html>", "x <html>"] {
        assert!(!is_page(other.as_bytes()), "{other}");
    }
}

#[test]
fn only_what_people_would_see_is_told() {
    let page = "<!DOCTYPE html>\n<html><head><title>502 Bad\nGateway</title><STYLE type=\"text/css\">body { color: red }
        </style><script src=x>if (a < b) { document.write(\"<p>no</p>\") }</SCRIPT></head>\n<!-- padding <p>no</p> for
        old browsers --><body><h1>Bad Gateway</h1><br/>a &lt; b<script>never closed";
    assert_eq!(text(page.as_bytes()), "502 Bad Gateway Bad Gateway a &lt; b");
    assert_eq!(told(page.as_bytes()), "a page: 502 Bad Gateway Bad Gateway a &lt; b");
    assert_eq!(told(b"<html><style>b {}</style></html>"), "a page without text");
    assert_eq!(told(b"<html>\xff<p"), "a page: \u{fffd}");
}

#[test]
fn a_long_page_is_read_in_part() {
    let page = format!("<p>first</p>{}<p>last</p>", " ".repeat(READ_BYTES_MAX));
    assert_eq!(text(page.as_bytes()), "first");
}
