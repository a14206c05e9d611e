use super::*;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::portal::Grant;
use crate::model::portal::PortalDefaults;
use crate::plan::portal::Filter;
use crate::plan::rights::Above;
use crate::reach::Estate;

/// Programs by package and name, each with the rights of its own.
fn items(defaults: &[&str], programs: &[(&str, &str, &[&str])]) -> Vec<Item> {
    let grants = |names: &[&str]| -> Vec<Grant> {
        names.iter().map(|name| Grant { principal: (*name).to_owned(), right: Right::Install }).collect()
    };
    let spec = Spec::PortalDefaults(PortalDefaults { grants: Some(grants(defaults)) });
    let mut out = vec![Item::new(ItemKey::new(Kind::PortalDefaults, "Defaults"), spec)];
    for (package, name, own) in programs {
        let text = serde_json::json!({ "name": name, "commandLine": "x", "portal": { "grants": grants(own) } });
        let program = serde_json::from_value(text).unwrap();
        out.push(Item::new(ItemKey::program(*package, *name), Spec::Program(program)));
    }
    out
}

fn matrix(items: &[Item]) -> Matrix {
    let placed = items.iter().enumerate().map(|(at, item)| (Guid::of(at as u128 + 1), item));
    Matrix::of(&Estate::of_items(placed), Above::Nothing, &Filter::default())
}

fn about(columns: usize) -> About<'static> {
    About { of: "the manifests", by_package: false, columns, paint: Paint { color: false } }
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text() {
    let csv = csv(&matrix(&items(&["=HYPERLINK(\"http://x\",\"y\")", "@SUM(1)", "A,B"], &[("-7", "+1", &[])])));
    assert_eq!(
        csv,
        "item,kind,folder,principal,install,install_on_approval\r\n\
         program/-7/+1,Program,,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",inherited,no\r\n\
         program/-7/+1,Program,,'@SUM(1),inherited,no\r\n\
         program/-7/+1,Program,,\"A,B\",inherited,no\r\n"
    );
    for (cell, expected) in [
        ("a", "a"),
        ("-a", "'-a"),
        (" =a", "' =a"),
        (" a", "\" a\""),
        ("a\"b", "\"a\"\"b\""),
        ("a\nb", "a\\u{a}b"),
        ("\u{1b}[2J", "\\u{1b}[2J"),
        ("\t=a", "\\u{9}=a"),
        ("＝a", "'＝a"),
    ] {
        assert_eq!(line(&[cell]), format!("{expected}\r\n"), "{cell:?}");
    }
}

#[test]
fn on_a_narrow_terminal_the_table_becomes_a_list_and_nothing_is_lost() {
    let matrix = matrix(&items(
        &["OFFICE\\Software Administrators"],
        &[("7-Zip", "Install", &["OFFICE\\Staff"]), ("漢字", "Install", &[])],
    ));
    let wide = text(&matrix, &about(0));
    assert!(wide.contains("item                   OFFICE\\Software Administrators  OFFICE\\Staff\n"), "{wide}");
    assert!(wide.contains("program/7-Zip/Install  (install)                       install\n"), "{wide}");
    assert!(wide.contains("program/漢字/Install   (install)                       -\n"), "{wide}");
    let narrow = text(&matrix, &about(45));
    assert!(narrow.contains("\nprogram/7-Zip/Install\n  OFFICE\\Software Administrators: (install)\n"), "{narrow}");
    assert!(narrow.contains("  OFFICE\\Staff: install\n"), "{narrow}");
    for line in narrow.lines() {
        assert!(line.width() <= 45 || !line.trim_start().contains(' '), "{line}");
    }
}

#[test]
fn names_act_in_no_format() {
    let matrix = matrix(&items(&["a|b`c\u{1b}[2J\u{202e}@here"], &[("p\n## x", "<script>", &[])]));
    for out in [text(&matrix, &about(0)), markdown(&matrix, &about(0)), csv(&matrix)] {
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}') && !out.contains("\n## x"), "{out}");
    }
    use pulldown_cmark::Event;
    use pulldown_cmark::Tag;
    let text = markdown(&matrix, &about(0));
    let events: Vec<Event<'_>> =
        pulldown_cmark::Parser::new_ext(&text, pulldown_cmark::Options::ENABLE_TABLES).collect();
    assert!(!events.iter().any(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_))), "{events:?}");
    let tables = events.iter().filter(|event| matches!(event, Event::Start(Tag::Table(_)))).count();
    assert_eq!(tables, 2, "{text}");
}
