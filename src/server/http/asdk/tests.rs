//! The protocol as a client meets it, in process over the router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::xml::Element;
use super::xml::parse;
use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::role::Role;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::faults::Faults;
use crate::server::faults::Faulty;
use crate::server::http::Apis;
use crate::server::http::router_of;
use crate::server::ids::SeededIds;
use crate::server::limits::Limits;
use crate::server::store::Store;
use crate::sys::clock::SystemClock;

const NS: &str = "http://Altiris.ASDK.NS.com";
const ITEM: &str = "/Altiris/ASDK.NS/ItemManagementService.asmx";
const COLLECTION: &str = "/Altiris/ASDK.NS/CollectionManagementService.asmx";
const SECURITY: &str = "/Altiris/ASDK.NS/SecurityManagementService.asmx";
const MY_COLLECTIONS: &str = "7070fb1c-cf5c-49f9-8764-593124e78c1d";
const ALL: &str = "eb3a1a12-e1c7-4431-b060-f0333e4e488c";

pub(super) struct World {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) admin: String,
    pub(super) editor: String,
    pub(super) reader: String,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(super) fn xml(&self) -> Element {
        assert_eq!(self.header("content-type"), "text/xml; charset=utf-8", "{}", self.text);
        parse(&self.text).unwrap()
    }

    /// What is in the body of the envelope.
    #[track_caller]
    pub(super) fn soap(&self) -> Element {
        let envelope = self.xml();
        assert_eq!((envelope.name.as_str(), envelope.children[0].name.as_str()), ("Envelope", "Body"));
        envelope.children[0].children[0].clone()
    }

    /// The code, text and exception type of a fault.
    #[track_caller]
    pub(super) fn fault(&self) -> (String, String, String) {
        assert_eq!(self.status, 500, "{}", self.text);
        let fault = self.soap();
        let text = |name: &str| fault.child("", name).map(|one| one.text.clone()).unwrap_or_default();
        let kind = all(&fault, "exceptionType").first().map(|one| one.text.clone()).unwrap_or_default();
        (text("faultcode"), text("faultstring"), kind)
    }

    /// An answer over HTTP POST or GET that is an error in plain text.
    #[track_caller]
    fn refused(&self, why: &str) {
        assert_eq!((self.status, self.header("content-type")), (500, "text/plain; charset=utf-8"), "{}", self.text);
        assert_eq!(self.text.trim_end(), why);
    }
}

fn all<'a>(element: &'a Element, name: &str) -> Vec<&'a Element> {
    let below = element.children.iter().flat_map(|child| all(child, name));
    (element.name == name).then_some(element).into_iter().chain(below).collect()
}

impl World {
    pub(super) fn new(options: AsdkOptions) -> Self {
        let store = Store::in_memory().unwrap();
        let app = App::new(store, Arc::new(SystemClock), Arc::new(SeededIds::new(1))).unwrap();
        app.prepare_asdk().unwrap();
        let token = |name: &str, role| app.create_token(name, role).unwrap();
        let (admin, editor) = (token("admin", Role::Administrator), token("editor", Role::Applier));
        let reader = token("reader", Role::Reader);
        let apis = Apis { native: true, asdk: Some(options) };
        Self { router: router_of(app.clone(), Limits::default(), apis, false), app, admin, editor, reader }
    }

    async fn send(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        read(response).await
    }

    fn basic(token: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("EXAMPLE\\anybody:{token}")))
    }

    /// A call over SOAP, as an editor: parameters as XML.
    pub(super) async fn soap(&self, path: &str, message: &str, params: &str) -> Answer {
        self.soap_as(&self.editor, path, message, params).await
    }

    async fn soap_as(&self, token: &str, path: &str, message: &str, params: &str) -> Answer {
        let body = format!("<{message} xmlns=\"{NS}\">{params}</{message}>");
        self.send(envelope(token, path, &format!("\"{NS}/{message}\""), &body)).await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("authorization", Self::basic(&self.editor))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("content-length", form.len())
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.reader));
        self.send(request.header("host", "ns.example.com:8080").body(Body::empty()).unwrap()).await
    }

    async fn folder(&self, name: &str) -> String {
        let params = format!("<folderName>{name}</folderName><parentFolderGuid>{MY_COLLECTIONS}</parentFolderGuid>");
        let made = self.soap(ITEM, "CreateFolder", &params).await.soap();
        all(&made, "Guid")[0].text.clone()
    }
}

async fn read(response: axum::response::Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, text }
}

fn envelope(token: &str, path: &str, action: &str, body: &str) -> Request {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Body>{body}</s:Body></s:Envelope>"
    );
    Request::post(path)
        .header("authorization", World::basic(token))
        .header("content-type", "text/xml; charset=utf-8")
        .header("soapaction", action)
        .header("content-length", text.len())
        .body(Body::from(text))
        .unwrap()
}

#[tokio::test]
async fn an_item_is_the_same_over_soap_post_and_get_and_directories_have_no_case() {
    let world = World::new(AsdkOptions::new());
    let soap = world.soap(ITEM, "GetItemByGuid", &format!("<itemGuid>{{{}}}</itemGuid>", ALL.to_uppercase())).await;
    let result = soap.soap();
    assert_eq!((result.name.as_str(), result.namespace.as_str()), ("GetItemByGuidResponse", NS));
    assert_eq!(result.children[0].name, "GetItemByGuidResult");
    let typed = world.soap(ITEM, "GetItemByGuidX", &format!("<itemGuid>{ALL}</itemGuid>")).await.soap();
    assert_eq!(typed.children[0].children, result.children[0].children);
    let post = world
        .post(
            &ITEM.to_lowercase().replace("itemmanagementservice.asmx", "ITEMManagementService.ASMX/GetItemByGuid"),
            &format!("ITEMGUID={ALL}&more=1"),
        )
        .await;
    let get = world.get(&format!("{ITEM}/GetItemByGuid?itemGuid={ALL}")).await;
    for answer in [post, get] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let root = answer.xml();
        assert_eq!((root.name.as_str(), root.namespace.as_str()), ("ItemDetails", NS));
        assert_eq!(root.children, result.children[0].children);
    }
    let text = |name: &str| all(&result, name)[0].text.clone();
    assert_eq!(
        (text("Guid"), text("Name"), text("TypeName")),
        (ALL.into(), "All Computers".into(), "Collection".into())
    );
    assert_eq!(text("Enabled"), "true");
}

#[tokio::test]
async fn void_is_an_empty_element_over_soap_and_an_empty_body_over_post() {
    let world = World::new(AsdkOptions::new());
    let folder = world.folder("One").await;
    let params = format!("<itemGuid>{folder}</itemGuid><newName>Two</newName>");
    let renamed = world.soap(ITEM, "RenameItem", &params).await;
    assert_eq!(renamed.status, 200);
    assert!(renamed.text.contains(&format!("<RenameItemResponse xmlns=\"{NS}\" />")), "{}", renamed.text);
    let renamed = world.post(&format!("{ITEM}/RenameItem"), &format!("itemGuid={folder}&newName=Drei")).await;
    assert_eq!((renamed.status, renamed.text.as_str(), renamed.header("content-type")), (200, "", ""));
    assert_eq!(world.app.item(folder.parse().unwrap()).unwrap().name, "Drei");
}

#[tokio::test]
async fn null_is_left_out_or_nil_and_empty_text_is_no_null_unless_it_is() {
    let world = World::new(AsdkOptions::new());
    // Nothing matches: null.
    let none = world.soap(ITEM, "GetItemsByNameAndType", "<name>nowhere</name>").await.soap();
    assert!(none.children.is_empty(), "{none:?}");
    let none = world.post(&format!("{ITEM}/GetItemsByNameAndType"), "name=nowhere&type=%25").await.xml();
    assert_eq!((none.name.as_str(), none.nil), ("ArrayOfGuid", true));
    let both = "<name xsi:nil=\"true\" /><type xsi:nil=\"true\" />";
    let fault = world.soap(ITEM, "GetItemsByNameAndType", both).await.fault();
    assert_eq!((fault.0.as_str(), fault.2.as_str()), ("soap:Server", "System.ArgumentNullException"));
    let path = format!("{ITEM}/GetItemsByNameAndType");
    assert_eq!(world.post(&path, "name=&type=").await.status, 200);
    let lenient = World::new(AsdkOptions::new().with(Quirk::EmptyIsNull));
    assert_eq!(lenient.post(&path, "name=&type=").await.status, 500);
}

#[tokio::test]
async fn forms_are_bound_as_asp_net_binds_them() {
    let world = World::new(AsdkOptions::new());
    let path = |method: &str| format!("{COLLECTION}/{method}");
    let create = path("CreateResourceCollection");
    let params = format!("name=A&description=&folderGuid={MY_COLLECTIONS}");
    world.post(&create, &params).await.refused("Missing parameter: autoUpdate.");
    // What stands in the query does not count on POST.
    world.post(&format!("{create}?autoUpdate=true"), &params).await.refused("Missing parameter: autoUpdate.");
    for word in ["1", "", "yes"] {
        let why =
            format!("Cannot convert {word} to System.Boolean. ---&gt; String was not recognized as a valid Boolean.");
        world.post(&create, &format!("{params}&autoUpdate={word}")).await.refused(&why);
    }
    assert_eq!(world.post(&create, &format!("{params}&AUTOUPDATE=TRUE")).await.status, 200);
    let flag = format!("itemGuid={ALL}&actionFlag=");
    let why = "Cannot convert  to System.Int32. ---&gt; Input string was not in a correct format.";
    world.post(&format!("{SECURITY}/DisablePermissionInheritance"), &flag).await.refused(why);
    // What stands twice is joined.
    let twice = format!("collectionItemGuids={ALL}&collectionItemGuids={ALL}");
    assert_eq!(world.post(&path("UpdateCollections"), &twice).await.status, 200);
    let bad = world.post(&format!("{ITEM}/GetItemByGuid"), "itemGuid=<x>").await;
    bad.refused("The value of the parameter itemGuid is not a valid GUID: &#39;&lt;x&gt;&#39;.");
    let json = Request::post(format!("{ITEM}/GetItemByGuid"))
        .header("authorization", World::basic(&world.reader))
        .header("content-type", "application/json")
        .header("content-length", 2)
        .body(Body::from("{}"))
        .unwrap();
    world.send(json).await.refused("Request format is invalid: application/json.");
    // Without parameters nobody looks at the body.
    let views = Request::post("/Altiris/ASDK.NS/ScopingManagementService.asmx/GetOrganizationalViews")
        .header("authorization", World::basic(&world.reader))
        .header("content-type", "application/json")
        .header("content-length", 2)
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(world.send(views).await.xml().name, "ArrayOfGuid");
    let unmeasured = Request::post(format!("{ITEM}/GetItemByGuid")).body(Body::empty()).unwrap();
    assert_eq!(world.send(unmeasured).await.status, 411);
}

#[tokio::test]
async fn unknown_methods_other_case_and_messages_of_guids_are_refused_over_forms() {
    let world = World::new(AsdkOptions::new());
    world.get(&format!("{ITEM}/Nothing")).await.refused("Nothing Web Service method name is not valid.");
    world
        .get(&format!("{ITEM}/GetItemByGuidX?itemGuid={ALL}"))
        .await
        .refused("GetItemByGuidX Web Service method name is not valid.");
    world.get(&format!("{ITEM}/getitembyguid")).await.refused(
        "Invalid method name &#39;getitembyguid&#39;,  method names are case sensitive.   The method name \
         &#39;GetItemByGuid&#39; with the same name but different casing was found.",
    );
    let off = world.get("/Altiris/NSWebService/ItemModel.asmx/GetItemInfo").await;
    assert_eq!((off.status, off.header("content-type")), (500, "text/html; charset=utf-8"));
    assert!(off.text.contains("Request format is unrecognized for URL unexpectedly ending in '/GetItemInfo'."));
    let off = World::new(AsdkOptions::new().with(Quirk::HttpOff)).get(&format!("{ITEM}/GetItemByGuid")).await;
    assert_eq!(off.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(world.get("/Altiris/ASDK.NS/NoSuchService.asmx").await.status, 404);
    assert_eq!(world.get(&format!("{ITEM}?op={}", "x".repeat(2048))).await.status, 404);
}

#[tokio::test]
async fn the_action_decides_and_what_cannot_be_read_is_the_clients_fault() {
    let world = World::new(AsdkOptions::new());
    let body = format!("<GetItemByGuid xmlns=\"{NS}\"><itemGuid>{ALL}</itemGuid></GetItemByGuid>");
    let bare = world.send(envelope(&world.reader, ITEM, &format!("{NS}/GetItemByGuid"), &body)).await;
    assert_eq!(bare.status, 200, "{}", bare.text);
    let other = world.send(envelope(&world.reader, ITEM, &format!("\"{NS}/DeleteItem\""), &body)).await.fault();
    assert_eq!(other.2, "ASDKInsufficientPermissionException", "it was DeleteItem that was called: {other:?}");
    let (code, why, kind) = world.send(envelope(&world.reader, ITEM, "\"urn:x\"", &body)).await.fault();
    assert_eq!((code.as_str(), kind.as_str()), ("soap:Client", ""));
    assert_eq!(why, "Server did not recognize the value of HTTP Header SOAPAction: urn:x.");
    let action = format!("\"{NS}/GetItemByGuidX\"");
    for (body, why) in [
        ("<a>&b;</a>".to_owned(), "Reference to undeclared entity."),
        ("<a>".to_owned(), "Server was unable to read request. ---> There is an error in XML document"),
        (
            format!("<GetItemByGuidX xmlns=\"{NS}\"><itemGuid>x</itemGuid></GetItemByGuidX>"),
            "Guid should contain 32 digits",
        ),
        (format!("{}{}", "<a>".repeat(70), "</a>".repeat(70)), "MaxDepth"),
    ] {
        let (code, said, _) = world.send(envelope(&world.reader, ITEM, &action, &body)).await.fault();
        assert!(code == "soap:Client" && said.contains(why), "{code}: {said}");
    }
    let mut dtd = envelope(&world.reader, ITEM, &action, "");
    *dtd.body_mut() = Body::from("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>");
    assert!(world.send(dtd).await.fault().1.contains("DTD is prohibited"));
    let mut json = envelope(&world.reader, ITEM, &action, "");
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(world.send(json).await.status, 415);
}

#[tokio::test]
async fn every_refusal_is_an_exception_of_its_class() {
    let world = World::new(AsdkOptions::new());
    let nobody = "00000000-0000-0000-0000-00000000dead";
    let item = |guid: &str| format!("<itemGuid>{guid}</itemGuid>");
    for (message, params, kind) in [
        ("GetItemByGuid", item(nobody), "ASDKDoesNotExistException"),
        ("GetItemByGuid", item("x"), "ASDKInvalidParameterException"),
        ("GetItemByGuid", String::new(), "System.ArgumentNullException"),
        ("GetItemsInFolder", format!("<folderGuid>{ALL}</folderGuid>"), "ASDKInvalidTypeException"),
        ("EnablePolicyItem", format!("<policyItemGuid>{ALL}</policyItemGuid>"), "ASDKInvalidTypeException"),
        ("DeleteItem", item(ALL), "ASDKException"),
        ("ImportItemXmlFile", "<sourceFile>c:\\a.xml</sourceFile>".into(), "ASDKInsufficientPermissionException"),
    ] {
        let (code, _, said) = world.soap(ITEM, message, &params).await.fault();
        assert_eq!((code.as_str(), said.as_str()), ("soap:Server", kind), "{message}");
    }
    let denied = world.soap_as(&world.reader, ITEM, "DeleteItem", &item(ALL)).await.fault();
    assert_eq!(denied.2, "ASDKInsufficientPermissionException");
    let plain = World::new(AsdkOptions::new().with(Quirk::PlainFaults));
    let (_, said, kind) = plain.soap(ITEM, "GetItemByGuid", &item("x")).await.fault();
    assert!(said.starts_with("Server was unable to process request. ---> ") && kind.is_empty(), "{said}");
    let long = World::new(AsdkOptions::new().with(Quirk::ExceptionLongNames));
    let kind = long.soap(ITEM, "GetItemByGuid", &item("x")).await.fault().2;
    assert_eq!(kind, "Altiris.ASDK.Common.ASDKInvalidParameterException");
    let off = World::new(AsdkOptions::new().with(Quirk::CustomErrorsOff));
    let said = off.get(&format!("{ITEM}/GetItemByGuid?itemGuid=x")).await.text;
    assert!(said.starts_with("ASDKInvalidParameterException: ") && said.contains("   at "), "{said}");
}

#[tokio::test]
async fn what_is_not_known_of_faults_forms_and_guids_can_be_otherwise() {
    let item = "<itemGuid>x</itemGuid>";
    let flat = World::new(AsdkOptions::new().with(Quirk::FaultDetailFlat)).soap(ITEM, "GetItemByGuid", item).await;
    assert_eq!(flat.fault().2, "ASDKInvalidParameterException");
    let fault = flat.soap();
    assert_eq!(all(&fault, "exceptionType")[0].namespace, NS);
    assert!(all(&fault, "exceptionDetails").is_empty());

    let validated = World::new(AsdkOptions::new().with(Quirk::FormsValidated));
    let path = format!("{ITEM}/ImportItemXmlString");
    let markup = validated.post(&path, "xml=%3Citem%2F%3E").await;
    assert_eq!((markup.status, markup.header("content-type")), (500, "text/html; charset=utf-8"));
    assert!(validated.post(&path, "xml=1 < 2").await.header("content-type").starts_with("text/plain"));

    let strict = World::new(AsdkOptions::new());
    let role = format!("{SECURITY}/DeleteRole?roleGuid={ALL}");
    strict.get(&role).await.refused("DeleteRole Web Service method name is not valid.");
    let lenient = World::new(AsdkOptions::new().with(Quirk::GuidsAsText)).get(&role).await;
    assert!(lenient.text.contains("required permission"), "{}", lenient.text);
}

#[tokio::test]
async fn without_credentials_the_schemes_are_told_and_nothing_else() {
    let world = World::new(AsdkOptions::new());
    let asked = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let schemes = |answer: &Answer| -> Vec<String> {
        let all = answer.headers.get_all("www-authenticate").iter();
        all.map(|one| one.to_str().unwrap().to_owned()).collect()
    };
    for path in [ITEM, "/Altiris/nowhere", "/altiris"] {
        let answer = world.send(asked(path)).await;
        assert_eq!(
            (answer.status, schemes(&answer).join(", ").as_str()),
            (401, "Negotiate, NTLM, Basic realm=\"consign\"")
        );
    }
    let strict = World::new(AsdkOptions::new().with(Quirk::WindowsLoginOnly));
    let answer = strict.get(ITEM).await;
    assert_eq!((answer.status, schemes(&answer).join(", ").as_str()), (401, "Negotiate, NTLM"));
    let wrong = Request::get(ITEM).header("authorization", World::basic("consign_x")).body(Body::empty()).unwrap();
    assert_eq!(world.send(wrong).await.status, 401);
    assert_eq!(world.send(asked("/v1/items")).await.status, 401, "the native API is beside it");
}

#[tokio::test]
async fn a_service_describes_itself_and_has_a_page_for_each_method() {
    let world = World::new(AsdkOptions::new());
    let wsdl = world.get(&format!("{ITEM}?WSDL")).await;
    assert_eq!(wsdl.xml().attribute("", "targetNamespace"), Some(NS));
    assert!(wsdl.text.contains("location=\"http://ns.example.com:8080/Altiris/ASDK.NS/ItemManagementService.asmx\""));
    assert!(world.get(&format!("{ITEM}?wsdl")).await.text.contains("definitions"));
    assert!(world.get(ITEM).await.text.contains("?op=GetItemByGuidX"));
    let page = world.get(&format!("{ITEM}?op=GetItemByGuid")).await.text;
    assert!(page.contains("<form") && page.contains("name=\"itemGuid\""), "{page}");
    assert!(!world.get(&format!("{ITEM}?op=GetItemByGuidX")).await.text.contains("<form"));
    assert!(world.get(&format!("{ITEM}?op=%3Cx%3E")).await.text.contains("&lt;x&gt;"));
}

#[tokio::test]
async fn later_methods_and_missing_solutions_are_not_there() {
    let old = World::new(AsdkOptions { profile: Profile::V7_1, ..AsdkOptions::new() });
    let said = old.soap(ITEM, "ItemExists", &format!("<itemGuid>{ALL}</itemGuid>")).await.fault();
    assert!(said.1.contains("did not recognize"), "{said:?}");
    old.get(&format!("{ITEM}/ItemExists?itemGuid={ALL}"))
        .await
        .refused("ItemExists Web Service method name is not valid.");
}

#[tokio::test]
async fn col_1_a_collection_is_made_asked_and_changed() {
    let world = World::new(AsdkOptions::new());
    let params = format!("<name>Kiosks</name><folderGuid>{MY_COLLECTIONS}</folderGuid><autoUpdate>1</autoUpdate>");
    let made = world.soap(COLLECTION, "CreateResourceCollection", &params).await.soap();
    let guid = all(&made, "Guid")[0].text.clone();
    let of = |rest: &str| format!("<collectionItemGuid>{guid}</collectionItemGuid>{rest}");
    let added = world.soap(COLLECTION, "AddInclusions", &of(&format!("<itemGuids>{{{ALL}}}, {ALL}</itemGuids>"))).await;
    assert_eq!(added.status, 200, "{}", added.text);
    let listed = world.soap(COLLECTION, "GetInclusionGuids", &of("<type>collection</type>")).await.soap();
    let guids: Vec<_> = all(&listed, "guid").into_iter().map(|one| one.text.clone()).collect();
    assert_eq!(guids, [ALL]);
    let listed = world.soap(COLLECTION, "GetInclusions", &of("")).await.soap();
    assert_eq!(all(&listed, "ItemDetails").len(), 1);
    let asked = world.soap(COLLECTION, "IsInclusion", &of(&format!("<entity>{ALL}</entity>"))).await.soap();
    assert_eq!(all(&asked, "IsInclusionResult")[0].text, "true");
    for (query, status) in [("SELECT Guid FROM vComputer", 200), ("Name LIKE 'K%'", 500)] {
        let params = of(&format!("<sqlQuery>{query}</sqlQuery>"));
        let set = world.soap(COLLECTION, "SetCollectionDataSourceToRawSqlQuery", &params).await;
        assert_eq!(set.status, status, "{query}");
    }
    let gone = world.soap(COLLECTION, "RemoveInclusions", &of(&format!("<itemGuids>{ALL}</itemGuids>"))).await;
    assert_eq!(gone.status, 200);
    let spec = serde_json::to_value(world.app.item(guid.parse().unwrap()).unwrap().spec).unwrap();
    assert_eq!(spec["query"]["text"], "SELECT Guid FROM vComputer");
    assert_eq!((spec["include"].as_array().unwrap().len(), spec["autoUpdate"].as_bool()), (0, Some(true)));
    let itself = of(&format!("<itemGuids>{guid}</itemGuids>"));
    assert_eq!(world.soap(COLLECTION, "AddInclusions", &itself).await.fault().2, "ASDKInvalidParameterException");
}

#[tokio::test]
async fn faults_on_purpose_answer_in_the_manner_of_the_call() {
    let world = World::new(AsdkOptions::new());
    let folder = world.folder("One").await;
    let faulty = |rules: &str| Faulty::new(world.router.clone(), Some(Arc::new(Faults::read(rules).unwrap())));
    let rename = |name: &str| {
        let body =
            format!("<RenameItem xmlns=\"{NS}\"><itemGuid>{folder}</itemGuid><newName>{name}</newName></RenameItem>");
        envelope(&world.editor, ITEM, &format!("\"{NS}/RenameItem\""), &body)
    };
    let name = || world.app.item(folder.parse().unwrap()).unwrap().name;
    for (when, after) in [("before", "One"), ("after", "Two")] {
        let rules = format!("rules: [{{asdkMethod: RenameItem, fault: {{asdk: {{answer: licence}}, when: {when}}}}}]");
        let answer = read(faulty(&rules).oneshot(rename("Two")).await.unwrap()).await;
        assert_eq!(answer.fault().2, "ASDKInvalidLicenseException");
        assert_eq!(name(), after, "{when}");
    }
    let ask = |answer: &str| format!("rules: [{{asdkMethod: RenameItem, fault: {{asdk: {{answer: {answer}}}}}}}]");
    let login = read(faulty(&ask("loginPage")).oneshot(rename("Three")).await.unwrap()).await;
    assert_eq!((login.status, login.header("content-type")), (200, "text/html; charset=utf-8"));
    let plain = read(faulty(&ask("plainText")).oneshot(rename("Three")).await.unwrap()).await;
    assert_eq!((plain.status, plain.header("content-type")), (500, "text/plain; charset=utf-8"));
    let lost = read(faulty(&ask("sessionLost")).oneshot(rename("Three")).await.unwrap()).await;
    assert_eq!(lost.status, 401);
    assert_eq!(name(), "Two");
    let inherits = || {
        let spec = serde_json::to_value(world.app.item(folder.parse().unwrap()).unwrap().spec).unwrap();
        spec["portal"]["inherit"].as_bool().unwrap()
    };
    for (when, left) in [("before", true), ("after", false)] {
        let fault = format!("{{asdk: {{answer: 'false'}}, when: {when}}}");
        let rules = format!("rules: [{{asdkMethod: DisablePermissionInheritance, fault: {fault}}}]");
        let params = format!("<itemGuid>{folder}</itemGuid><actionFlag>1</actionFlag>");
        let body = format!("<DisablePermissionInheritance xmlns=\"{NS}\">{params}</DisablePermissionInheritance>");
        let action = format!("\"{NS}/DisablePermissionInheritance\"");
        let answer =
            read(faulty(&rules).oneshot(envelope(&world.editor, SECURITY, &action, &body)).await.unwrap()).await;
        assert_eq!(all(&answer.soap(), "DisablePermissionInheritanceResult")[0].text, "false");
        assert_eq!(inherits(), left, "{when}");
    }
}

#[tokio::test]
async fn a_lease_of_the_native_api_stops_a_console_only_where_it_is_told_to() {
    use crate::server::app::Kept;
    use crate::server::app::writer::Caller;
    use crate::server::app::writer::Fence;
    for (options, status) in [(AsdkOptions::new(), 200), (AsdkOptions::new().with(Quirk::LeaseBlocks), 500)] {
        let world = World::new(options);
        let folder = world.folder("One").await;
        let taken: Result<(Kept, bool), _> =
            world.app.write(&Caller::server(), &[], Fence::Free, |writer| writer.take_lease("run 1", 60));
        taken.unwrap();
        let params = format!("<itemGuid>{folder}</itemGuid><newName>Two</newName>");
        let answer = world.soap(ITEM, "RenameItem", &params).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(status == 200 || answer.text.contains("run 1"), "{}", answer.text);
    }
}

#[tokio::test]
async fn roles_take_what_is_known_and_say_false_of_the_rest() {
    let world = World::new(AsdkOptions::new());
    let call = async |message: &str, params: &str| world.soap_as(&world.admin, SECURITY, message, params).await;
    let made = call("CreateNewRole", "<roleName>Kiosk keepers</roleName>").await.soap();
    let role = made.children[0].text.clone();
    assert!(role.parse::<Guid>().is_ok(), "{role}");
    let found = call("FindRoleByName", "<roleName>kiosk keepers</roleName>").await.soap();
    assert_eq!(found.children[0].text, role);
    assert!(call("FindRoleByName", "<roleName>nobody</roleName>").await.soap().children.is_empty());
    let of = |rest: &str| format!("<roleGuid>{role}</roleGuid>{rest}");
    for (message, names, all) in [
        ("AddRoleMembers", "<memberNames>EXAMPLE\\ann, admin</memberNames>", "true"),
        ("AddRoleMembers", "<memberNames>EXAMPLE\\bob, nobody</memberNames>", "false"),
        ("AddRolePrivileges", "<privilegeNames>create reports</privilegeNames>", "true"),
        ("AddRolePrivileges", "<privilegeNames>fly</privilegeNames>", "false"),
        ("RemoveRoleMembers", "<memberNames>admin</memberNames>", "true"),
    ] {
        assert_eq!(call(message, &of(names)).await.soap().children[0].text, all, "{message} {names}");
    }
    let kept = world.app.role_named("Kiosk keepers").unwrap().unwrap();
    let says = serde_json::to_value(&kept.says).unwrap();
    assert_eq!(says["members"], serde_json::json!(["EXAMPLE\\ann", "EXAMPLE\\bob"]));
    assert_eq!(says["privileges"], serde_json::json!(["Create Reports"]));
    assert_eq!(call("DeleteRole", &of("")).await.status, 200);
    assert_eq!(call("DeleteRole", &of("")).await.fault().2, "ASDKDoesNotExistException");
    let denied = world.soap(SECURITY, "CreateNewRole", "<roleName>x</roleName>").await.fault();
    assert_eq!(denied.2, "ASDKInsufficientPermissionException");
}

#[tokio::test]
async fn an_export_is_the_same_on_its_page_and_comes_back_in() {
    let world = World::new(AsdkOptions::new());
    let folder = world.folder("One").await;
    let exported = world.soap(ITEM, "ExportItemXmlString", &format!("<itemGuid>{folder}</itemGuid>")).await.soap();
    let xml = exported.children[0].text.clone();
    let page = world.get(&format!("/altiris/ns/itemasxml.aspx?itemguid={folder}")).await;
    assert_eq!((page.status, page.text.as_str()), (200, xml.as_str()));
    assert_eq!(world.get("/Altiris/NS/ItemAsXml.aspx?ItemGuid=x").await.status, 500);
    let renamed = super::xml::text(&xml.replace(">One<", ">Two<"));
    assert_eq!(world.soap(ITEM, "ImportItemXmlString", &format!("<xml>{renamed}</xml>")).await.status, 200);
    assert_eq!(world.app.item(folder.parse().unwrap()).unwrap().name, "Two");
    // Markup over a form, percent-encoded.
    let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("xml", &xml).finish();
    let back = world.post(&format!("{ITEM}/ImportItemXmlString"), &form).await;
    assert_eq!((back.status, back.text.as_str()), (200, ""));
    assert_eq!(world.app.item(folder.parse().unwrap()).unwrap().name, "One");
    let broken = world.soap(ITEM, "ImportItemXmlString", "<xml>&lt;item</xml>").await.fault();
    assert_eq!(broken.2, "ASDKInvalidParameterException");
}

#[tokio::test]
async fn a_solution_that_is_not_installed_is_404_or_an_exception() {
    const PACKAGE: &str = "/Altiris/ASDK.NS.SoftwareDelivery/SWDSolnPackageManagementService.asmx";
    let there = World::new(AsdkOptions::new());
    assert_eq!(there.get(&format!("{PACKAGE}?WSDL")).await.status, 200);
    // Forms are proven for ASDK.NS and ASDK.Task alone.
    assert_eq!(there.get(&format!("{PACKAGE}/GetPackageExByGuid?sPackageGuid=x")).await.status, 500);
    let gone = World::new(AsdkOptions::new().with(Quirk::MissingSoftwareDelivery));
    assert_eq!(gone.get(&format!("{PACKAGE}?WSDL")).await.status, 404);
    let options = AsdkOptions::new().with(Quirk::MissingSoftwareDelivery).with(Quirk::MissingAsFault);
    let fault = World::new(options.with(Quirk::HttpEverywhere));
    let said = fault.get(&format!("{PACKAGE}/GetPackageExByGuid?sPackageGuid=x")).await;
    assert!(said.status == 500 && said.text.contains("is not installed"), "{}", said.text);
}

#[tokio::test]
async fn a_report_can_be_cut_on_purpose_and_nothing_says_so() {
    const REPORT: &str = "/Altiris/ASDK.NS/ReportManagementService.asmx";
    let world = World::new(AsdkOptions::new());
    let folder = "4d4d03c6-cb51-4502-886f-13f756198b1b";
    let params = format!(
        "<reportName>Items</reportName><folderGuid>{folder}</folderGuid><sqlQuery>select Guid, Name from vItem</sqlQuery>"
    );
    let made = world.soap(REPORT, "CreateReportUsingRawSqlQuery", &params).await.soap();
    let guid = all(&made, "Guid")[0].text.clone();
    let body = format!("<RunReport xmlns=\"{NS}\"><reportItemGuid>{guid}</reportItemGuid></RunReport>");
    let run = || envelope(&world.reader, REPORT, &format!("\"{NS}/RunReport\""), &body);
    let whole = all(&world.send(run()).await.soap(), "Table").len();
    assert!(whole > 5, "{whole}");
    let rules = "rules: [{asdkMethod: RunReport, fault: {asdk: {rows: 2}, when: after}}]";
    let faulty = Faulty::new(world.router.clone(), Some(Arc::new(Faults::read(rules).unwrap())));
    let cut = read(faulty.oneshot(run()).await.unwrap()).await;
    assert_eq!((cut.status, all(&cut.soap(), "Table").len()), (200, 2));
    let named = World::new(AsdkOptions::new().with(Quirk::Table1));
    let made = named.soap(REPORT, "CreateReportUsingRawSqlQuery", &params).await.soap();
    let params = format!("<reportItemGuid>{}</reportItemGuid>", all(&made, "Guid")[0].text);
    assert_eq!(all(&named.soap(REPORT, "RunReport", &params).await.soap(), "Table1").len(), whole);
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused_and_the_connection_ends() {
    let world = World::new(AsdkOptions::new());
    let limits = Limits { body_bytes: 2000, ..Limits::default() };
    let apis = Apis { native: false, asdk: Some(AsdkOptions::new()) };
    let router = router_of(world.app.clone(), limits, apis, false);
    let body = format!("<GetItemByGuid xmlns=\"{NS}\"><itemGuid>{}</itemGuid></GetItemByGuid>", "x".repeat(3000));
    let request = envelope(&world.reader, ITEM, &format!("\"{NS}/GetItemByGuid\""), &body);
    let answer = read(router.clone().oneshot(request).await.unwrap()).await;
    assert_eq!((answer.status, answer.header("connection")), (413, "close"));
    let native = Request::get("/v1/items").header("authorization", format!("Bearer {}", world.reader));
    let answer = read(router.oneshot(native.body(Body::empty()).unwrap()).await.unwrap()).await;
    assert_eq!(answer.status, 404, "the native API is not spoken");
}
