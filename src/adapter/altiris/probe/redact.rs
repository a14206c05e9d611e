//! What a transcript may show of a server: its shapes, and none of its names.
//!
//! Equal values stay equal and different ones different, so that a transcript can be replayed: a GUID becomes another one,
//! a text becomes `text-N`. What is kept are numbers, times, and the vendor's own words (names of types, columns, hints,
//! exceptions). Whatever is not known to be harmless is taken out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use roxmltree::Document;
use roxmltree::Node;
use roxmltree::NodeType;
use uuid::Uuid;

use crate::model::guid::Guid;

/// Elements and attributes whose values are the vendor's own words (altiris-asdk §5, altiris-domain §1).
const VENDOR_WORDS: &[&str] = &[
    "TypeName",
    "LongTypeName",
    "Attributes",
    "ItemAttributes",
    "faultcode",
    "exceptionType",
    "PackageSourceType",
    "PackageType",
    "Priority",
    "TABLE_NAME",
    "COLUMN_NAME",
    "DATA_TYPE",
    "Hint",
    "hint",
    "ReferenceType",
    "FilterType",
    "Operation",
    "operation",
    "T",
    "type",
    "typeName",
    "sqlQuery",
    "nil",
];

/// Elements with sentences, of which single words may be names.
const SENTENCES: &[&str] = &["faultstring", "message", "Message"];

/// Elements of which nothing is kept.
const DROPPED: &[&str] =
    &["UserPassword", "sUserPassword", "sUserConfirmPassword", "password", "stackTrace", "StackTrace"];

/// GUIDs that are the same on every server (altiris-domain §1).
const WELL_KNOWN: &[u128] = &[
    0,
    0x1FC8_6E41_B94F_4769_9457_1CF9_0A47_BC6A,
    0x7303_2b0a_2047_42db_82bb_34ff_2491_0911,
    0x7070_fb1c_cf5c_49f9_8764_5931_24e7_8c1d,
    0x4d4d_03c6_cb51_4502_886f_13f7_5619_8b1b,
    0x455a_e0db_ec74_455b_b262_8942_1c96_908d,
    0xeb3a_1a12_e1c7_4431_b060_f033_3e4e_488c,
    0xe3a7_1b08_1612_44a6_9f71_7d35_9d54_75b4,
    0x6d05_ac39_2cbf_4da0_bca1_0e64_ca22_a59c,
    0x4934_35f7_3b17_4c4c_b07f_c23e_7ab7_781f,
    0xd0e3_3520_c160_11d2_8612_0010_4b74_a9df,
    0xA56F_6866_B362_4EFC_BFFA_A29E_7C9D_2F2F,
    0x983A_2D22_7A82_4DB0_A707_52C7_D6B1_441E,
    0xAC29_6DF1_EB40_4592_899F_25D5_C07D_45F6,
    0x819D_AE1E_B1A5_4643_81A1_26EF_95FE_B8A8,
    0xECA6_254F_5017_4730_9B3F_5ADD_2308_29B7,
    0x4DDC_04C3_F0A5_4E88_84AA_C44C_8C5E_BCC4,
    0x726B_1C09_7108_450D_AE24_5F8E_9313_5ED6,
];

/// Takes names out of what was sent and answered, the same way throughout one transcript.
pub struct Redactor {
    salt: Uuid,
    texts: BTreeMap<String, usize>,
}

impl Redactor {
    /// One whose GUIDs follow from a random number that is kept nowhere.
    pub fn new(salt: u128) -> Self {
        Self { salt: Uuid::from_u128(salt), texts: BTreeMap::new() }
    }

    /// Another GUID in the place of this one; the vendor's own stay.
    pub fn guid(&self, guid: Guid) -> Guid {
        if WELL_KNOWN.contains(&guid.bits()) {
            return guid;
        }
        Guid::of(Uuid::new_v5(&self.salt, &guid.bits().to_be_bytes()).as_u128())
    }

    /// A body without names, whatever it is.
    pub fn body(&mut self, body: &str) -> String {
        match self.xml(body) {
            Some(text) => text,
            None if body.trim_start().starts_with('<') => {
                format!("<html><body>a page of {} bytes</body></html>", body.len())
            }
            None => self.sentence(body),
        }
    }

    /// XML without names; `None` where it is none. Its form stays as it was written, byte for byte.
    fn xml(&mut self, text: &str) -> Option<String> {
        let document = Document::parse(text).ok()?;
        if document.root_element().tag_name().name() == "html" {
            return None;
        }
        let is_description = document.root_element().tag_name().name() == "definitions";
        let mut edits: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for node in document.descendants() {
            match node.node_type() {
                // What stands in comments is of no use to anybody.
                NodeType::Comment | NodeType::PI => edits.push((node.range(), String::new())),
                NodeType::Text if !is_schema(node) && !is_description => {
                    let name = node.parent().map(|parent| parent.tag_name().name()).unwrap_or_default();
                    if let Some(new) = self.changed(name, node.text().unwrap_or_default()) {
                        edits.push((whole(text, node), escaped(&new)));
                    }
                }
                NodeType::Element if !is_schema(node) => {
                    for attribute in node.attributes() {
                        if is_description && attribute.name() != "location" {
                            continue;
                        }
                        if let Some(new) = self.changed(attribute.name(), attribute.value()) {
                            edits.push((attribute.range_value(), escaped(&new)));
                        }
                    }
                }
                _ => {}
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, new) in edits {
            out.push_str(&text[at..range.start]);
            out.push_str(&new);
            at = range.end;
        }
        out.push_str(&text[at..]);
        Some(out)
    }

    /// What stands in the place of a value; `None` where it stays.
    fn changed(&mut self, name: &str, value: &str) -> Option<String> {
        if DROPPED.contains(&name) {
            return Some(String::new());
        }
        if value.trim().is_empty() || is_ours(value) || is_number_or_time(value) || VENDOR_WORDS.contains(&name) {
            return None;
        }
        if let Some(guids) = self.guids(value) {
            return Some(guids);
        }
        if value.trim_start().starts_with('<') {
            return Some(self.body(value));
        }
        Some(if SENTENCES.contains(&name) { self.sentence(value) } else { self.token(value) })
    }

    /// A list of GUIDs, or one, with others in their place, spelt alike.
    fn guids(&self, value: &str) -> Option<String> {
        let parts: Option<Vec<String>> = value.split(',').map(|part| self.spelt(part)).collect();
        parts.map(|parts| parts.join(","))
    }

    fn spelt(&self, part: &str) -> Option<String> {
        let bare = part.trim();
        let guid: Guid = bare.parse().ok()?;
        let mut new = self.guid(guid).to_string();
        if bare.chars().any(|c| c.is_ascii_uppercase()) {
            new.make_ascii_uppercase();
        }
        if bare.starts_with('{') {
            new = format!("{{{new}}}");
        }
        Some(part.replace(bare, &new))
    }

    fn token(&mut self, value: &str) -> String {
        let next = self.texts.len() + 1;
        format!("text-{}", self.texts.entry(value.to_owned()).or_insert(next))
    }

    /// A sentence in which only small words and the vendor's names of types stay.
    fn sentence(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (n, line) in text.lines().take(3).enumerate() {
            if n > 0 {
                out.push('\n');
            }
            let mut quoted = false;
            for (n, word) in line.split(' ').enumerate() {
                if n > 0 {
                    out.push(' ');
                }
                let was = quoted;
                if word.matches(['\'', '"', '`']).count() % 2 == 1 {
                    quoted = !quoted;
                }
                let touches = was || quoted || word.contains(['\'', '"', '`']);
                if !touches && is_small(word) {
                    out.push_str(word);
                } else {
                    let _ = write!(out, "{}", self.word(word));
                }
            }
        }
        out
    }

    fn word(&mut self, word: &str) -> String {
        let is_edge = |c: char| matches!(c, '\'' | '"' | '`' | '.' | ',' | ':' | ';' | '(' | ')' | '[' | ']');
        let core = word.trim_matches(is_edge);
        if core.is_empty() {
            return word.to_owned();
        }
        let new = match self.spelt(core) {
            Some(guid) => guid,
            None if is_number_or_time(core) => core.to_owned(),
            None => self.token(core),
        };
        word.replacen(core, &new, 1)
    }
}

/// All that a text is written as: it may be in several pieces, some of them CDATA, of which a node knows the first.
fn whole(text: &str, node: Node<'_, '_>) -> std::ops::Range<usize> {
    let start = node.range().start;
    let end = match (node.next_sibling(), node.parent()) {
        (Some(next), _) => next.range().start,
        (None, Some(parent)) => {
            let range = parent.range();
            range.start + text[range.clone()].rfind("</").unwrap_or(range.len())
        }
        (None, None) => node.range().end,
    };
    start..end.max(node.range().end)
}

/// Whether a text is one that this program gave: the name of something that a probe made, or of a report.
fn is_ours(value: &str) -> bool {
    value.starts_with(super::SCRATCH_NAME) || is_report(value)
}

/// Whether a name is that of a report of ours: `consign NAME DIGEST`.
pub fn is_report(value: &str) -> bool {
    let mut words = value.split(' ');
    let (first, name, digest, end) = (words.next(), words.next(), words.next(), words.next());
    first == Some("consign")
        && name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        && digest.is_some_and(|digest| digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && end.is_none()
}

fn is_schema(node: Node<'_, '_>) -> bool {
    node.ancestors().any(|above| above.tag_name().namespace() == Some("http://www.w3.org/2001/XMLSchema"))
}

fn is_number_or_time(value: &str) -> bool {
    let value = value.trim();
    matches!(value, "true" | "false" | "True" | "False")
        || (value.chars().any(|c| c.is_ascii_digit())
            && value.len() <= 35
            && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+' | ' '))
            // Dots between numbers only: an address is no number.
            && value.matches('.').count() <= 1)
}

/// The words of messages that say nothing of a server. Any other may be a name.
const SMALL_WORDS: &[&str] = &[
    "a",
    "able",
    "access",
    "action",
    "allowed",
    "already",
    "an",
    "and",
    "any",
    "are",
    "argument",
    "as",
    "at",
    "be",
    "because",
    "been",
    "by",
    "call",
    "called",
    "caller",
    "can",
    "cannot",
    "case",
    "check",
    "class",
    "column",
    "content",
    "convert",
    "could",
    "create",
    "created",
    "current",
    "data",
    "database",
    "delete",
    "deleted",
    "denied",
    "different",
    "does",
    "empty",
    "error",
    "exception",
    "execute",
    "exist",
    "exists",
    "expired",
    "failed",
    "field",
    "folder",
    "for",
    "format",
    "found",
    "from",
    "given",
    "guid",
    "has",
    "have",
    "import",
    "in",
    "instance",
    "insufficient",
    "internal",
    "invalid",
    "is",
    "it",
    "item",
    "items",
    "key",
    "length",
    "license",
    "list",
    "load",
    "method",
    "methods",
    "missing",
    "must",
    "name",
    "names",
    "no",
    "not",
    "null",
    "object",
    "occurred",
    "of",
    "on",
    "only",
    "operation",
    "or",
    "parameter",
    "permission",
    "permissions",
    "privilege",
    "process",
    "product",
    "query",
    "read",
    "reference",
    "referenced",
    "report",
    "request",
    "required",
    "resource",
    "root",
    "row",
    "same",
    "sensitive",
    "server",
    "service",
    "set",
    "solution",
    "string",
    "table",
    "task",
    "the",
    "there",
    "this",
    "time",
    "timeout",
    "to",
    "token",
    "type",
    "unable",
    "unexpected",
    "unknown",
    "user",
    "valid",
    "value",
    "was",
    "web",
    "while",
    "with",
    "within",
    "write",
    "xml",
];

/// Whether a word of a sentence says nothing of a server: a small one, or the vendor's name of a type.
fn is_small(word: &str) -> bool {
    let core = word.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | ';' | '(' | ')' | '?' | '!'));
    let is_type = (core.starts_with("Altiris.") || core.starts_with("System.") || core.starts_with("ASDK"))
        && core.ends_with("Exception")
        && core.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    core.is_empty()
        || is_type
        || matches!(core, "--->" | "-")
        || SMALL_WORDS.contains(&core.to_ascii_lowercase().as_str())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(7)
    }

    #[test]
    fn names_go_and_shapes_stay() {
        let body = r#"<?xml version="1.0"?><a:Envelope xmlns:a="http://schemas.xmlsoap.org/soap/envelope/"><a:Body>
<R xmlns="urn:x"><Guid>0B3F0000-0000-4000-8000-000000000001</Guid><Name>Secret product</Name>
<TypeName>Software Package</TypeName><Enabled>true</Enabled><n>12</n><Location>\\srv01\share$\x</Location>
<again>Secret product</again><UserPassword>hunter2</UserPassword></R></a:Body></a:Envelope>"#;
        let out = redactor().body(body);
        for secret in ["Secret", "srv01", "hunter2", "0B3F0000"] {
            assert!(!out.contains(secret), "{secret} in {out}");
        }
        assert!(out.contains("<TypeName>Software Package</TypeName><Enabled>true</Enabled><n>12</n>"), "{out}");
        let name = out.split("<Name>").nth(1).unwrap().split('<').next().unwrap();
        assert!(out.contains(&format!("<again>{name}</again>")), "equal texts stay equal: {out}");
        assert!(out.contains("<UserPassword></UserPassword>"), "{out}");
        let guid = out.split("<Guid>").nth(1).unwrap().split('<').next().unwrap();
        assert!(guid.parse::<Guid>().is_ok() && guid.to_uppercase() == guid, "spelt alike: {guid}");
    }

    #[test]
    fn guids_are_others_the_same_ones_for_the_same_and_the_vendors_stay() {
        let redactor = redactor();
        let one = Guid::of(1);
        assert_ne!(redactor.guid(one), one);
        assert_eq!(redactor.guid(one), redactor.guid(one));
        assert_ne!(Redactor::new(8).guid(one), redactor.guid(one), "another transcript, other GUIDs");
        assert_eq!(redactor.guid(Guid::PROGRAMS_FOLDER), Guid::PROGRAMS_FOLDER);
        let list =
            redactor.guids("{00000000-0000-0000-0000-000000000001}, 1FC86E41-B94F-4769-9457-1CF90A47BC6A").unwrap();
        assert!(list.starts_with('{') && list.ends_with(", 1FC86E41-B94F-4769-9457-1CF90A47BC6A"), "{list}");
    }

    #[test]
    fn a_sentence_keeps_its_small_words_and_types_only() {
        let out = redactor().sentence(
            "Unable to check for license 'd0e33520-c160-11d2-8612-00104b74a9df'. The user CORP\\bob on srv01.corp.example \
             does not have 'read this' permission ---> Altiris.NS.Exceptions.ASDKException",
        );
        for secret in ["CORP", "bob", "srv01", "corp.example", "read"] {
            assert!(!out.contains(secret), "{secret} in {out}");
        }
        assert!(out.starts_with("Unable to check for license 'd0e33520-c160-11d2-8612-00104b74a9df'."), "{out}");
        assert!(out.ends_with("permission ---> Altiris.NS.Exceptions.ASDKException"), "{out}");
    }

    #[test]
    fn a_schema_stays_and_rows_do_not() {
        let table = r#"<NewDataSet xmlns=""><xs:schema id="NewDataSet" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="Name" type="xs:string"/></xs:schema><Table><Name>Bob</Name><COLUMN_NAME>Guid</COLUMN_NAME></Table></NewDataSet>"#;
        let out = redactor().body(table);
        assert!(out.contains(r#"<xs:element name="Name" type="xs:string"/>"#), "{out}");
        assert!(out.contains("<COLUMN_NAME>Guid</COLUMN_NAME>") && !out.contains("Bob"), "{out}");
    }

    #[test]
    fn a_description_loses_its_address_alone() {
        let text = r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" targetNamespace="http://Altiris.ASDK.NS.com">
<w:service name="ItemManagementService"><w:port><a location="http://ns01.corp.example/Altiris/x.asmx"/></w:port></w:service>
</w:definitions>"#;
        let out = redactor().body(text);
        assert!(!out.contains("ns01"), "{out}");
        assert!(
            out.contains("targetNamespace=\"http://Altiris.ASDK.NS.com\"") && out.contains("ItemManagementService")
        );
    }

    #[test]
    fn xml_within_a_text_and_pages_lose_their_names_too() {
        let out = redactor().body("<string>&lt;item guid=\"{00000000-0000-0000-0000-000000000009}\"&gt;&lt;name&gt;Bob&lt;/name&gt;&lt;/item&gt;</string>");
        assert!(!out.contains("Bob") && !out.contains("000000000009"), "{out}");
        assert!(out.contains("&lt;item guid=&quot;{"), "{out}");
        let page = redactor().body("<html><body>Sign in, Bob<br></body></html>");
        assert!(page.starts_with("<html>") && !page.contains("Bob"), "{page}");
    }

    #[test]
    fn a_text_in_pieces_goes_whole() {
        let out = redactor()
            .body("<r><Name>De<![CDATA[SECRETX]]>sk<![CDATA[ <more> ]]></Name><n>1</n>tail<![CDATA[Bob]]></r>");
        for secret in ["SECRETX", "De", "sk", "more", "Bob", "tail", "CDATA"] {
            assert!(!out.contains(secret), "{secret} in {out}");
        }
        assert!(out.contains("<n>1</n>") && out.ends_with("</r>"), "{out}");
    }

    #[test]
    fn an_account_in_small_letters_is_no_small_word() {
        let out = redactor().sentence("Login failed for user bobsecret on nsprodhost: access is denied.");
        assert!(!out.contains("bobsecret") && !out.contains("nsprodhost"), "{out}");
        assert!(out.ends_with("access is denied."), "{out}");
    }

    #[test]
    fn names_of_our_own_reports_stay_and_others_like_them_do_not() {
        assert!(is_ours("consign packages 0123456789abcdef") && is_ours("consign probe 2026"));
        assert!(!is_ours("consign for srv01") && !is_ours("consign packages 0123456789abcdef srv01"));
    }

    #[test]
    fn addresses_are_no_numbers() {
        assert!(!is_number_or_time("10.1.2.3"));
        assert!(is_number_or_time("2026-01-01 10:10:10") && is_number_or_time("-1") && is_number_or_time("1.5"));
    }
}
