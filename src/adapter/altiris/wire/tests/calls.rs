//! Whole calls with a made-up transport.

use std::sync::Arc;

use crate::adapter::AdapterError;
use crate::adapter::Fate;
use crate::adapter::altiris::wire::session::Session;
use crate::adapter::altiris::wire::session::WriteSession;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::fake;
use super::fake::Fake;
use super::fake::Reply;

fn items() -> Fake {
    Fake::default().describes(
        Service::Item,
        &[
            ("GetItemByGuid", &["itemGuid"]),
            ("GetItemsByType", &["typeName"]),
            ("EnablePolicyItem", &["policyItemGuid"]),
        ],
    )
}

async fn read(reply: Reply) -> Result<Option<String>, AdapterError> {
    let session = Session::new(Arc::new(items().on("GetItemByGuid", reply)));
    let reply = session.ask(Reading::GetItemByGuid, &[("itemGuid", Value::from("x"))]).await?;
    Ok(reply.text().map(str::to_owned))
}

fn plain(status: u16, kind: &'static str, body: &str) -> Reply {
    Reply { status, kind, body: body.to_owned(), cut: false }
}

#[tokio::test]
async fn a_service_is_described_once_however_many_call_it() {
    let fake = Arc::new(items().on("GetItemByGuid", fake::result("GetItemByGuid", "a")));
    let session = Session::new(fake.clone());
    let params = [("itemGuid", Value::from("x"))];
    let (a, b) =
        tokio::join!(session.ask(Reading::GetItemByGuid, &params), session.ask(Reading::GetItemByGuid, &params));
    assert_eq!((a.unwrap().text(), b.unwrap().text()), (Some("a"), Some("a")));
    assert_eq!(fake.requests(), 3);
    assert_eq!(session.clock().unwrap().to_string(), "2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn what_a_version_does_not_have_is_told_by_name_and_never_sent() {
    let fake = Arc::new(items());
    let session = Session::new(fake.clone());
    let exists = session.ask(Reading::ItemExists, &[("itemGuid", Value::from("x"))]).await.unwrap_err();
    assert!(matches!(&exists, AdapterError::NotInstalled { what, .. } if what.contains("ItemExists")), "{exists}");
    let named = session.ask(Reading::GetItemByGuid, &[("guid", Value::from("x"))]).await.unwrap_err();
    assert!(matches!(&named, AdapterError::NotInstalled { what, .. } if what.contains("`guid`")), "{named}");
    let package = session.ask(Reading::GetPackageExByGuid, &[]).await.unwrap_err();
    assert!(
        matches!(&package, AdapterError::NotInstalled { what, .. } if what.contains("SWDSolnPackage")),
        "{package}"
    );
    assert_eq!(package.fate(), Fate::NotMade);
    assert!(fake.asked().is_empty());
    assert!(!session.has(Service::Package, "GetPackageExByGuid").await.unwrap());
    assert_eq!(fake.requests(), 2);
}

#[tokio::test]
async fn r2_answers_that_are_none_are_errors_of_their_own() {
    let login = read(plain(200, "text/html", "<html>log in</html>")).await.unwrap_err();
    assert!(login.to_string().contains("login page"), "{login}");
    assert!(read(plain(200, "application/json", "{}")).await.unwrap_err().to_string().contains("`application/json`"));
    assert!(matches!(read(plain(401, "text/html", "")).await, Err(AdapterError::Denied { .. })));
    assert!(matches!(read(plain(403, "text/html", "")).await, Err(AdapterError::Forbidden { .. })));
    assert!(matches!(read(plain(503, "text/html", "")).await, Err(AdapterError::Busy { status: 503, .. })));
    assert!(matches!(read(plain(500, "text/html", "")).await, Err(AdapterError::Busy { status: 500, .. })));
    assert!(read(plain(302, "text/html", "")).await.unwrap_err().to_string().contains("leads elsewhere"));
    let text = read(plain(500, "text/plain", "Server Error\nat X")).await.unwrap_err();
    assert!(matches!(&text, AdapterError::Failed { message, .. } if message == "Server Error"), "{text}");
    let cut = Reply { cut: true, ..fake::result("GetItemByGuid", "a") };
    assert!(matches!(read(cut).await, Err(AdapterError::NoAnswer { .. })));
    let half = fake::xml(200, "<soap:Envelope><soap:Body>");
    assert!(matches!(read(half).await, Err(AdapterError::Malformed { .. })));
    let bomb = fake::xml(200, "<!DOCTYPE a><a/>");
    assert!(read(bomb).await.unwrap_err().to_string().contains("R1"));
}

#[tokio::test]
async fn faults_become_errors_by_their_class() {
    let of = |name: &'static str| async move { read(fake::fault(name)).await.unwrap_err() };
    assert!(matches!(of("ASDKDoesNotExistException").await, AdapterError::NotFound { .. }));
    assert!(matches!(of("ASDKInsufficientPermissionException").await, AdapterError::Forbidden { .. }));
    assert!(matches!(of("ASDKNoProductExistsException").await, AdapterError::NotInstalled { .. }));
    assert!(matches!(of("ASDKInvalidLicenseException").await, AdapterError::Unlicensed { .. }));
    assert!(matches!(of("ASDKInvalidTypeException").await, AdapterError::WrongKind { .. }));
    assert!(matches!(of("ASDKInvalidParameterException").await, AdapterError::Refused { .. }));
    let unknown = of("ASDKInternalException").await;
    assert!(matches!(&unknown, AdapterError::Failed { .. }));
    assert_eq!((unknown.fate(), unknown.is_passing()), (Fate::Unknown, false));
}

#[tokio::test]
async fn r12_no_error_repeats_what_was_sent() {
    let session = Session::new(Arc::new(items()));
    let params = [("itemGuid", Value::Secret("s3cret\u{1}".to_owned().into()))];
    let error = session.ask(Reading::GetItemByGuid, &params).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Unsayable { .. }));
    assert!(error.to_string().contains("U+0001") && !error.to_string().contains("s3cret"), "{error}");
    assert!(!format!("{params:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_false_result_is_the_failure_that_it_is() {
    for (within, done) in [("true", true), ("false", false)] {
        let fake = items().on("EnablePolicyItem", fake::result("EnablePolicyItem", within));
        let session = WriteSession::new(Arc::new(fake));
        let params = [("policyItemGuid", Value::from("x"))];
        let reply = session.call(Service::Item, "EnablePolicyItem", &params, "task/A").await.unwrap();
        match reply.done("task/A") {
            Ok(()) => assert!(done),
            Err(error) => {
                assert!(!done);
                assert_eq!(error.fate(), Fate::Unknown);
            }
        }
    }
}
