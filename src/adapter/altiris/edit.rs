//! Exports of items, edited where a value stands in them. What else an export holds is not documented (altiris-domain §9),
//! so nothing in it is known by a name.

/// The text with one value changed, where that value stands in it exactly once, as an element's whole text or an
/// attribute's; `None` otherwise. Every other byte stays.
pub fn replace_one(document: &str, from: &str, to: &str) -> Option<String> {
    let tree = roxmltree::Document::parse(document).ok()?;
    let mut places = Vec::new();
    for node in tree.descendants() {
        if node.is_text() && node.text().is_some_and(|text| text.trim() == from) {
            places.push(node.range());
        }
        let attributes = node.attributes().filter(|attribute| attribute.value() == from);
        places.extend(attributes.map(|attribute| attribute.range_value()));
    }
    let [place] = &places[..] else { return None };
    let mut out = String::with_capacity(document.len() + to.len());
    out.push_str(&document[..place.start]);
    for character in to.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out.push_str(&document[place.end..]);
    Some(out)
}
