//! An alert for Slack: Block Kit, in plain text objects, which know no markup, link or mention.

use serde_json::Value;
use serde_json::json;

use crate::report::alert::Alert;
use crate::report::alert::lines;
use crate::report::alert::rest;
use crate::report::escape::capped;

/// Blocks of one message; Slack takes 50.
const BLOCKS_MAX: usize = 50;
/// Characters of a header; Slack takes 150, counted after escaping.
const HEADER_MAX: usize = 150;
/// Characters of a section's text; Slack takes 3,000, counted after escaping.
const SECTION_MAX: usize = 3_000;
/// Characters of all texts together, well below what a message may hold.
const MESSAGE_MAX: usize = 30_000;

/// The body of the request.
pub fn body(alert: &Alert) -> Value {
    let title = within(&alert.title(), HEADER_MAX);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        section(&within(&alert.summary, SECTION_MAX)),
    ];
    let mut room = MESSAGE_MAX;
    let mut shown = 0;
    // Two blocks are kept for what is left out and for where to look.
    for item in alert.items.iter().take(BLOCKS_MAX - blocks.len() - 2) {
        let text = within(&lines(item).join("\n"), SECTION_MAX);
        let Some(left) = room.checked_sub(text.chars().count()) else { break };
        room = left;
        blocks.push(section(&text));
        shown += 1;
    }
    let left_out = alert.items_left_out + (alert.items.len() - shown) as u64;
    let rest = rest(alert, left_out);
    if !rest.is_empty() {
        blocks.push(section(&within(&rest.join("\n"), SECTION_MAX)));
    }
    if let Some(url) = &alert.run_url {
        blocks.push(section(&within(&format!("Run: {url}"), SECTION_MAX)));
    }
    let text = within(&format!("{}: {}", alert.title(), alert.summary), SECTION_MAX);
    // `text` is what notifications show; without these two nothing in it is looked for.
    json!({ "text": text, "mrkdwn": false, "link_names": false, "parse": "none", "unfurl_links": false, "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } })
}

/// A text as Slack takes it, of at most so many characters: `&`, `<` and `>` are written as entities, so that `<!channel>`
/// is a text; `@` is parted from what follows, for programs that look for `@here` in what they show.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@\u{2060}"),
            c => out.push(c),
        }
    }
    out
}

/// The same, cut before it is escaped, so that no entity is cut in two.
fn within(text: &str, max: usize) -> String {
    let mut keep = max;
    loop {
        let out = escaped(&capped(text, keep));
        // Slack counts as JavaScript does.
        let length = out.encode_utf16().count();
        if length <= max || keep == 0 {
            return out;
        }
        keep = keep.saturating_sub((length - max).max(keep / 8).max(1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_slack_would_act_on_is_a_text() {
        assert_eq!(escaped("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@\u{2060}U1&gt;");
        assert_eq!(escaped("@here\nx"), "@\u{2060}here\nx");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_slack_takes_or_ends_within_an_entity(text in "[<&>@a👍]{0,400}", max in 60_usize..200) {
            let out = within(&text, max);
            prop_assert!(out.encode_utf16().count() <= max, "{out}");
            prop_assert!(!out.contains('<') && !out.contains('>'));
            let plain = out.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            prop_assert!(!plain.contains('&'), "{out}");
        }
    }
}
