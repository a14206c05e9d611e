//! An alert for a workflow of Teams: an Adaptive Card in the envelope that the trigger "when a Teams webhook request is
//! received" takes. All texts are runs of rich text blocks, which know no Markdown; a card without `msteams.entities` has
//! no mentions, whatever its texts say.

use serde_json::Value;
use serde_json::json;

use crate::report::alert::Alert;
use crate::report::alert::Event;
use crate::report::alert::lines;
use crate::report::alert::rest;

/// The bytes of a message; Teams takes 28 KB. A little is kept free for what a workflow adds.
const BYTES_MAX: usize = 26 * 1024;

/// The body of the request.
pub fn body(alert: &Alert) -> Value {
    // Items are left out from the end until it fits; without any it always does, for each other text is short.
    let mut shown = alert.items.len();
    loop {
        let body = of(alert, shown);
        if shown == 0 || body.to_string().len() <= BYTES_MAX {
            return body;
        }
        shown -= shown.div_ceil(8);
    }
}

fn of(alert: &Alert, shown: usize) -> Value {
    let color = match alert.event {
        Event::Drift => "Warning",
        Event::Ended => "Good",
    };
    let mut content = vec![
        json!({ "type": "RichTextBlock", "inlines": [
            { "type": "TextRun", "text": alert.title(), "weight": "Bolder", "size": "Large", "color": color }] }),
        block(std::slice::from_ref(&alert.summary)),
    ];
    content.extend(alert.items.iter().take(shown).map(|item| {
        let mut block = block(&lines(item));
        block["separator"] = json!(true);
        block["inlines"][0]["weight"] = json!("Bolder");
        block
    }));
    let mut rest = rest(alert, alert.items_left_out + (alert.items.len() - shown) as u64);
    rest.extend(alert.run_url.as_ref().map(|url| format!("Run: {url}")));
    if !rest.is_empty() {
        content.push(block(&rest));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": content,
    });
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

/// Lines as runs of one block.
fn block(lines: &[String]) -> Value {
    let last = lines.len().saturating_sub(1);
    let run = |(at, line): (usize, &String)| {
        let end = if at < last { "\n" } else { "" };
        json!({ "type": "TextRun", "text": format!("{line}{end}") })
    };
    json!({ "type": "RichTextBlock", "inlines": lines.iter().enumerate().map(run).collect::<Vec<_>>() })
}
