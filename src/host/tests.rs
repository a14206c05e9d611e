use http::HeaderMap;
use url::Url;

use super::first_line;
use super::folded;
use super::link;
use super::marked;
use super::next_page;
use super::segment;

const MARKER: &str = "<!-- consign:plan server=lab dir=. -->";

#[test]
fn a_comment_is_found_by_its_first_line_only() {
    for (body, found) in [
        (format!("{MARKER}\n### plan"), Some(false)),
        (format!("\r\n{MARKER}\r\n### plan"), Some(false)),
        (format!("> {MARKER}"), None),
        (format!("see below\n{MARKER}"), None),
        ("<!-- consign:plan server=lab2 dir=. -->".to_owned(), None),
    ] {
        assert_eq!(marked(&body, MARKER), found, "{body}");
    }
}

#[test]
fn a_folded_comment_is_hidden_and_keeps_its_text() {
    let body = format!("{MARKER}\n### plan\n\ntext\n");
    let folded = folded(&body, first_line(&body));
    assert_eq!(marked(&folded, MARKER), Some(true), "{folded}");
    assert!(folded.contains("### plan\n\ntext") && folded.matches(MARKER).count() == 1, "{folded}");
}

#[test]
fn a_part_of_a_path_is_one_part() {
    assert_eq!(segment("a b/ü?#%"), "a%20b%2F%C3%BC%3F%23%25");
}

#[test]
fn the_next_page_is_taken_from_the_same_server_only() {
    let origin = Url::parse("https://api.test/v3/").unwrap();
    let mut headers = HeaderMap::new();
    assert_eq!(next_page(&headers, &origin).unwrap(), None);
    let value = "<https://api.test/v3/x?page=2&a=b>; rel=\"next\", <https://api.test/v3/x?page=9>; rel=\"last\"";
    headers.insert("link", value.parse().unwrap());
    assert_eq!(next_page(&headers, &origin).unwrap().as_deref(), Some("/v3/x?page=2&a=b"));
    assert_eq!(link(&headers, "last"), Some("https://api.test/v3/x?page=9"));
    for elsewhere in ["https://evil.test/x", "http://api.test/x", "https://api.test:444/x", "//evil.test/x"] {
        headers.insert("link", format!("<{elsewhere}>; rel=\"next\"").parse().unwrap());
        assert!(next_page(&headers, &origin).is_err(), "{elsewhere}");
    }
}
