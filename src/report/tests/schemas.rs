//! Validators agree: SARIF with its schema, JUnit with its own.

use std::collections::BTreeMap;

use roxmltree::Document;
use roxmltree::Node;
use serde_json::Value;

use crate::report::junit;
use crate::report::sarif;
use crate::report::tests::samples;
use crate::report::view::About;
use crate::report::view::View;

const SARIF: &str = include_str!("../../../tests/data/schemas/sarif-2.1.0-rtm.5.json");
const JUNIT: &str = include_str!("../../../tests/data/schemas/junit-10.xsd");

#[test]
fn sarif_follows_its_schema() {
    // Readers of today's regular expressions take a lone `]` for an error; the pattern means the same with it escaped.
    let schema: Value = serde_json::from_str(&SARIF.replace("{2}]?$\"", "{2}\\\\]?$\"")).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema of SARIF is one");
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0" })), "the validator finds what is wrong");
    let mut n = 0;
    samples::each_view(&mut |what| format!("a {what}: 50 % {{0}}"), &mut |view| {
        let text = sarif::json(view);
        let errors: Vec<String> =
            validator.iter_errors(&text).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}\n{text:#}", errors.join("\n"));
        let run = &text["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            n += 1;
        }
    });
    assert!(n > 30, "{n}");
}

#[test]
fn a_fingerprint_stays_when_an_item_moves_and_tells_two_apart() {
    let mut t = |what: &str| what.to_owned();
    let plan = samples::full_plan(&mut t);
    let mut about = samples::about(&mut t, &plan);
    let prints = |about: &About| -> Vec<String> {
        let text = sarif::json(&View::of_plan(&plan, about));
        let results = text["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|one| one["partialFingerprints"]["consign/v1"].as_str().unwrap().to_owned()).collect()
    };
    let before = prints(&about);
    about.places.values_mut().for_each(|place| place.line = Some(77));
    assert_eq!(before, prints(&about));
    let distinct: std::collections::BTreeSet<&String> = before.iter().collect();
    assert_eq!(distinct.len(), before.len());
}

#[test]
fn junit_follows_its_schema() {
    let schema = Schema::new(JUNIT);
    let wrong = Document::parse("<testsuites><testcase/></testsuites>").unwrap();
    assert!(!schema.errors(&wrong).is_empty(), "the validator finds what is wrong");
    let wrong = Document::parse("<testsuite name=\"a\" tests=\"1\" failures=\"0\"/>").unwrap();
    assert_eq!(schema.errors(&wrong), ["testsuite: no attribute `errors`"]);
    let mut n = 0;
    samples::each_view(&mut |what| format!("a {what} <&\"'> \u{1b} \u{ffff} ]]>"), &mut |view| {
        let text = junit::xml_text(view);
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(schema.errors(&document), Vec::<String>::new(), "{text}");
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase")).count();
        let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        let number = |name| suite.attribute(name).unwrap().parse::<usize>().unwrap();
        let of = |name| document.descendants().filter(|node| node.has_tag_name(name)).count();
        assert_eq!((number("tests"), number("failures"), number("skipped")), (cases, of("failure"), of("skipped")));
        n += cases;
    });
    assert!(n > 30, "{n}");
}

/// As much of XML Schema as the schema of JUnit uses, read from that schema: which elements an element may have in it,
/// which attributes it may and must have, whether it may hold text.
struct Schema {
    elements: BTreeMap<String, Element>,
}

#[derive(Default)]
struct Element {
    children: Vec<String>,
    attributes: BTreeMap<String, bool>,
    text: bool,
}

impl Schema {
    fn new(text: &str) -> Self {
        let document = Document::parse(text).unwrap();
        let top = document.root_element();
        let types: BTreeMap<&str, Node<'_, '_>> = top
            .children()
            .filter(|node| node.has_tag_name((XS, "complexType")))
            .filter_map(|node| Some((node.attribute("name")?, node)))
            .collect();
        let mut elements = BTreeMap::new();
        for node in top.children().filter(|node| node.has_tag_name((XS, "element"))) {
            let name = node.attribute("name").expect("an element at the top has a name");
            elements.insert(name.to_owned(), Element::of(node, &types));
        }
        assert!(elements.len() > 10, "the schema was read");
        Self { elements }
    }

    fn errors(&self, document: &Document<'_>) -> Vec<String> {
        let mut out = Vec::new();
        for node in document.descendants().filter(Node::is_element) {
            let name = node.tag_name().name();
            let Some(element) = self.elements.get(name) else {
                out.push(format!("{name}: no such element"));
                continue;
            };
            for child in node.children().filter(Node::is_element) {
                if !element.children.iter().any(|one| one == child.tag_name().name()) {
                    out.push(format!("{name}: `{}` may not stand in it", child.tag_name().name()));
                }
            }
            for attribute in node.attributes() {
                if !element.attributes.contains_key(attribute.name()) {
                    out.push(format!("{name}: attribute `{}`", attribute.name()));
                }
            }
            let missing = element.attributes.iter().filter(|(one, must)| **must && !node.has_attribute(one.as_str()));
            out.extend(missing.map(|(one, _)| format!("{name}: no attribute `{one}`")));
            let has_text =
                node.children().any(|child| child.is_text() && !child.text().unwrap_or("").trim().is_empty());
            if has_text && !element.text {
                out.push(format!("{name}: holds text"));
            }
        }
        out
    }
}

const XS: &str = "http://www.w3.org/2001/XMLSchema";

impl Element {
    fn of(node: Node<'_, '_>, types: &BTreeMap<&str, Node<'_, '_>>) -> Self {
        let named = node.attribute("type");
        let mut out = Self { text: named == Some("xs:string"), ..Self::default() };
        let inner = named.and_then(|name| types.get(name).copied());
        let inner = inner.or_else(|| node.children().find(|child| child.has_tag_name((XS, "complexType"))));
        let Some(inner) = inner else { return out };
        out.text = inner.attribute("mixed") == Some("true");
        for part in inner.descendants() {
            if part.has_tag_name((XS, "element")) {
                out.children.extend(part.attribute("ref").or(part.attribute("name")).map(str::to_owned));
            } else if part.has_tag_name((XS, "attribute")) {
                let must = part.attribute("use") == Some("required");
                out.attributes.extend(part.attribute("name").map(|name| (name.to_owned(), must)));
            }
        }
        out
    }
}
