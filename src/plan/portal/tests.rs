use super::*;
use crate::model::folder::Folder;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::portal::Grant;
use crate::model::portal::PortalDefaults;
use crate::model::portal::PortalRights;

fn grants(list: &[(&str, Right)]) -> Vec<Grant> {
    list.iter().map(|(principal, right)| Grant { principal: (*principal).to_owned(), right: *right }).collect()
}

fn defaults(list: &[(&str, Right)]) -> Item {
    let spec = Spec::PortalDefaults(PortalDefaults { grants: Some(grants(list)) });
    Item::new(ItemKey::new(Kind::PortalDefaults, "Defaults"), spec)
}

fn package(name: &str, folder: &str) -> Item {
    let package = serde_json::from_value(serde_json::json!({ "source": { "none": {} } })).unwrap();
    Item { folder: Some(folder.to_owned()), ..Item::new(ItemKey::new(Kind::Package, name), Spec::Package(package)) }
}

fn program(package: &str, name: &str, portal: Option<(bool, &[(&str, Right)])>) -> Item {
    let portal = portal.map(|(inherit, list)| PortalRights { inherit, grants: grants(list) });
    let spec = serde_json::json!({ "name": name, "commandLine": "x", "portal": portal });
    Item::new(ItemKey::program(package, name), Spec::Program(serde_json::from_value(spec).unwrap()))
}

fn sequence(name: &str, folder: &str, portal: Option<(bool, &[(&str, Right)])>) -> Item {
    let portal = portal.map(|(inherit, list)| PortalRights { inherit, grants: grants(list) });
    let spec = serde_json::json!({ "steps": [], "collections": [], "portal": portal });
    let spec = Spec::SequentialTask(serde_json::from_value(spec).unwrap());
    Item { folder: Some(folder.to_owned()), ..Item::new(ItemKey::new(Kind::SequentialTask, name), spec) }
}

fn folder(path: &str, portal: Option<(bool, &[(&str, Right)])>) -> Item {
    let portal = portal.map(|(inherit, list)| PortalRights { inherit, grants: grants(list) });
    Item::new(ItemKey::new(Kind::Folder, path), Spec::Folder(Folder { description: String::new(), portal }))
}

fn estate(items: &[Item]) -> Estate<'_> {
    Estate::of_items(items.iter().enumerate().map(|(at, item)| (Guid::of(at as u128 + 1), item)))
}

/// The cells of everyone on everything, in letters: `I`/`A` own, `i`/`a` inherited, `B`/`b` own and inherited, `-` no,
/// `?` not known.
fn cells(matrix: &Matrix) -> Vec<String> {
    let letter = |cell: Cell<'_>, [own, inherited, both]: [char; 3]| match cell {
        Cell::Held(Held { own: true, inherited: true, .. }) => both,
        Cell::Held(Held { own: true, .. }) => own,
        Cell::Held(_) => inherited,
        Cell::No => '-',
        Cell::Unknown => '?',
    };
    let line = |row: &Row| {
        let cells = matrix.principals.iter().map(|one| {
            let install = letter(row.cell(&one.principal, Right::Install), ['I', 'i', 'B']);
            let approval = letter(row.cell(&one.principal, Right::InstallOnApproval), ['A', 'a', 'b']);
            format!(" {}={install}{approval}", one.principal)
        });
        format!("{}{}", row.address, cells.collect::<String>())
    };
    matrix.items.iter().map(line).collect()
}

const I: Right = Right::Install;
const A: Right = Right::InstallOnApproval;

#[test]
fn ptl_2_a_program_has_its_own_rights_and_those_of_the_folder_object_unless_it_breaks_them() {
    let items = [
        defaults(&[("D\\Admins", I)]),
        package("P", "F"),
        program("P", "all of it", Some((true, &[("D\\Staff", A), ("d\\ADMINS", I)]))),
        program("P", "broken", Some((false, &[("D\\Staff", I)]))),
        program("P", "silent", None),
    ];
    let matrix = Matrix::of(&estate(&items), Above::Unknown, &Filter::default());
    assert_eq!(
        cells(&matrix),
        [
            "program/P/all of it d\\ADMINS=B- D\\Staff=-A",
            "program/P/broken d\\ADMINS=-- D\\Staff=I-",
            "program/P/silent d\\ADMINS=i- D\\Staff=--",
        ]
    );
    let extent = |at: usize| RIGHTS.map(|right| matrix.principals[at].share(right).unwrap().is);
    assert_eq!(extent(0), [Extent::Some, Extent::None]);
    assert_eq!(extent(1), [Extent::Some, Extent::Some]);
    assert!(!matrix.items[2].managed && matrix.items[0].folder.as_deref() == Some("F"));
}

#[test]
fn seq_6_a_sequential_task_inherits_from_its_folders_and_what_nobody_manages_is_not_known() {
    let items = [
        folder("A", None),
        folder("A/B", Some((true, &[("Desk", I)]))),
        folder("A/C", Some((false, &[("Desk", A)]))),
        sequence("in B", "A/B", None),
        sequence("in C", "A/C", Some((true, &[("Own", I)]))),
        sequence("broken", "A/B", Some((false, &[("Own", I)]))),
    ];
    let offline = Matrix::of(&estate(&items), Above::Unknown, &Filter::default());
    assert_eq!(
        cells(&offline),
        ["sequence/broken Desk=-- Own=I-", "sequence/in B Desk=i? Own=??", "sequence/in C Desk=-a Own=I-"]
    );
    assert_eq!(offline.principals[1].share(A).unwrap().is, Extent::Unknown, "nobody knows is not nobody");
    // On a server that was read whole, what lies above is known: nothing.
    let live = Matrix::of(&estate(&items), Above::Nothing, &Filter::default());
    assert_eq!(cells(&live)[1], "sequence/in B Desk=i- Own=--");
}

#[test]
fn ptl_1_filters_leave_out_principals_rights_programs_and_folders() {
    let items = [
        defaults(&[("Admins", I)]),
        package("P", "F/Sub"),
        package("Q", "G"),
        program("P", "Install", Some((true, &[("Staff", A)]))),
        program("Q", "Install", Some((true, &[("Staff", I)]))),
    ];
    let shown = |filter: Filter| cells(&Matrix::of(&estate(&items), Above::Unknown, &filter));
    let one = |text: &str| vec![text.to_owned()];
    assert_eq!(shown(Filter { programs: one("P"), ..Filter::default() }), ["program/P/Install Admins=i- Staff=-A"]);
    assert_eq!(shown(Filter { programs: one("Q/Inst*"), ..Filter::default() }).len(), 1);
    assert_eq!(shown(Filter { folders: one("F"), ..Filter::default() }), ["program/P/Install Admins=i- Staff=-A"]);
    assert_eq!(
        shown(Filter { principals: one("st*"), right: Some(I), ..Filter::default() }),
        ["program/P/Install Staff=--", "program/Q/Install Staff=I-"]
    );
    // Who is asked for by name and has nothing is an answer.
    assert_eq!(
        shown(Filter { principals: one("Nobody"), programs: one("P"), ..Filter::default() }),
        ["program/P/Install Nobody=--"]
    );
}

#[test]
fn ptl_1_of_a_right_that_was_not_asked_for_nothing_is_told() {
    let items = [package("P", "F"), program("P", "Install", Some((true, &[("Staff", I), ("Desk", A)])))];
    let of = |right| Matrix::of(&estate(&items), Above::Nothing, &Filter { right, ..Filter::default() });
    let one = of(Some(A));
    assert_eq!(one.rights(), [A]);
    let json = serde_json::to_value(&one.principals).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{ "principal": "Desk",
            "install_on_approval": { "is": "all", "has": 1, "of": 1, "unknown": 0 } }])
    );
    assert_eq!(one.groups()[0].principals[0].share(I), None);
    assert_eq!(of(None).rights(), RIGHTS);
    assert_eq!(named(&estate(&items)).into_iter().collect::<Vec<_>>(), ["Desk", "Staff"]);
}

#[test]
fn ptl_3_a_plan_says_who_gains_and_who_loses_with_inheritance_resolved() {
    let before = [
        defaults(&[("Admins", I)]),
        package("P", "F"),
        program("P", "inherits", None),
        program("P", "goes", Some((false, &[("Staff", I)]))),
        program("P", "breaks", Some((true, &[]))),
        program("P", "in other case", Some((false, &[("STAFF", I)]))),
    ];
    let after = [
        defaults(&[("Helpers", A)]),
        package("P", "G"),
        program("P", "inherits", None),
        program("P", "comes", Some((false, &[("Staff", A)]))),
        program("P", "breaks", Some((false, &[]))),
        program("P", "in other case", Some((false, &[("staff", I)]))),
    ];
    let filter = Filter { folders: vec!["F".to_owned()], ..Filter::default() };
    for filter in [Filter::default(), filter] {
        let difference = Difference::of(&estate(&before), &estate(&after), Above::Nothing, &filter);
        let told: Vec<String> = (difference.moves.iter())
            .map(|one| format!("{} {:?} {} {:?} {:?}", one.address, one.change, one.principal, one.right, one.item))
            .filter(|line| !line.contains("comes"))
            .collect();
        assert_eq!(
            told,
            [
                "program/P/breaks Lost Admins Install Stays",
                "program/P/goes Lost Staff Install Deleted",
                "program/P/inherits Lost Admins Install Stays",
                "program/P/inherits Gained Helpers InstallOnApproval Stays",
            ]
        );
        let names = |matrix: &Matrix| matrix.principals.iter().map(|one| one.principal.clone()).collect::<Vec<_>>();
        assert_eq!(names(&difference.before), names(&difference.after));
        assert!(difference.unknown.is_empty());
    }
    let unknown = Difference::of(&estate(&before[1..]), &estate(&after), Above::Nothing, &Filter::default());
    assert_eq!(unknown.unknown, ["program/P/breaks", "program/P/inherits"]);
}
