//! Bytes to text. The only place that names `encoding_rs`.

use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;
use encoding_rs::WINDOWS_1252;

use super::Format;

/// A text, and what was assumed of its encoding.
pub(super) struct Decoded {
    /// With LF at line ends, without a byte order mark.
    pub(super) text: String,
    /// Where the first letter is that depends on an assumption, and which.
    pub(super) assumed: Option<(usize, String)>,
}

/// Why bytes are no text.
pub(super) struct Undecodable {
    pub(super) message: String,
    pub(super) help: String,
}

/// Whether an encoding of this name is known: `windows-1250`, `shift_jis`, `utf-16le`.
pub fn is_encoding(label: &str) -> bool {
    Encoding::for_label(label.as_bytes()).is_some()
}

/// The text of a file: by its mark, else by what it says of itself (XML), else as UTF-8 where it is valid, else in the
/// code page that was named, or windows-1252 (definition files alone: the others are never in one).
pub(super) fn decode(bytes: &[u8], format: Format, encoding: Option<&str>) -> Result<Decoded, Undecodable> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return strictly(&bytes[length..], encoding).map(|text| Decoded { text, assumed: None });
    }
    let declared = if format == Format::Policy { declared(bytes)? } else { None };
    let named = encoding.and_then(|label| Encoding::for_label(label.as_bytes()));
    if let Some(encoding) = declared {
        return strictly(bytes, encoding).map(|text| Decoded { text, assumed: None });
    }
    if looks_like_utf_16(bytes) && !named.is_some_and(|named| named == UTF_16LE || named == UTF_16BE) {
        return Err(Undecodable {
            message: "the file looks like UTF-16, and has no byte order mark".to_owned(),
            help: "say which it is with `--encoding utf-16le` or `utf-16be`".to_owned(),
        });
    }
    if !named.is_some_and(|named| named == UTF_16LE || named == UTF_16BE)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return checked(text, UTF_8).map(|text| Decoded { text, assumed: None });
    }
    if format != Format::Definition {
        let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
        return Err(Undecodable {
            message: format!("byte {} is `0x{:02x}`, which is not UTF-8", at + 1, bytes.get(at).copied().unwrap_or(0)),
            help: "save the file as UTF-8; an XML file may also say its encoding in its first line".to_owned(),
        });
    }
    let text = strictly(bytes, named.unwrap_or(WINDOWS_1252))?;
    // Those that say which code page it is need no reminder.
    let assumed = named.is_none().then(|| text.find(|c: char| !c.is_ascii())).flatten().map(|at| {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line..].lines().next().unwrap_or_default().trim();
        (at, format!("not UTF-8; it was read as windows-1252: `{}`", crate::diag::visible(line)))
    });
    Ok(Decoded { text, assumed })
}

fn strictly(bytes: &[u8], encoding: &'static Encoding) -> Result<String, Undecodable> {
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => checked(&text, encoding),
        None => Err(Undecodable {
            message: format!("the file holds bytes that are no {}", encoding.name()),
            help: "it is damaged, or in another encoding; open it in an editor and save it as UTF-8".to_owned(),
        }),
    }
}

/// Refuses control characters: of a wrong code page, or of no text at all.
fn checked(text: &str, encoding: &'static Encoding) -> Result<String, Undecodable> {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{1a}');
    if let Some(at) = text.find(control) {
        let line = text[..at].matches('\n').count() + 1;
        let code = text[at..].chars().next().map_or(0, u32::from);
        let message = format!("line {line} holds `U+{code:04X}`, which no text in {} has", encoding.name());
        return Err(Undecodable {
            message,
            help: "the file is no text, or has another code page: say it with `--encoding`, such as `windows-1250`"
                .to_owned(),
        });
    }
    // What old editors put at the end of a file.
    Ok(text.trim_end_matches('\u{1a}').replace('\u{1a}', " ").replace("\r\n", "\n").replace('\r', "\n"))
}

fn looks_like_utf_16(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(256)];
    let n_zero = head.iter().filter(|byte| **byte == 0).count();
    head.len() >= 4 && n_zero * 3 >= head.len()
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Result<Option<&'static Encoding>, Undecodable> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declaration = head.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next());
    let Some(rest) = declaration.and_then(|text| text.split("encoding").nth(1)) else { return Ok(None) };
    let label = rest.trim_start_matches([' ', '=']).trim_start_matches(['"', '\'']);
    let label = label.split(['"', '\'']).next().unwrap_or_default();
    match Encoding::for_label(label.as_bytes()) {
        // It would have to begin with a mark; what says so in single bytes is none.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(Some(UTF_8)),
        Some(encoding) => Ok(Some(encoding)),
        None => Err(Undecodable {
            message: format!("the file says that it is in `{}`, which is not known", crate::diag::visible(label)),
            help: "save it as UTF-8, and say so in its first line".to_owned(),
        }),
    }
}
