//! Who comes with a Kerberos ticket: taken by the key in a keytab, and given the role that the server was started with
//! for that account. It stands before every API: what it let in is found in the request's extensions as a [`Principal`].
//!
//! One leg, a ticket in each request (RFC 4559); nothing is remembered of a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8Path;
use http::HeaderValue;
use http::StatusCode;
use http::header;

use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::app::role::Role;
use crate::server::http::told;
use crate::sys::kerberos::Kerberos;

/// The longest ticket that is taken, in characters of base64.
const TICKET_MAX: usize = 96 * 1024;

/// Takes tickets.
#[derive(Clone, Debug)]
pub struct Acceptor {
    kerberos: Kerberos,
    roles: Arc<BTreeMap<String, Role>>,
}

impl Acceptor {
    /// With the keys of a keytab, for accounts such as `svc-consign@CORP.EXAMPLE`.
    pub fn new(keytab: &Utf8Path, roles: BTreeMap<String, Role>) -> Self {
        Self { kerberos: Kerberos::acceptor(keytab), roles: Arc::new(roles) }
    }

    /// Who a ticket is of, and what proves to them who this is.
    async fn admit(&self, ticket: &str) -> Result<(Principal, HeaderValue), Refused> {
        let refused = |why: String| Refused::new(Code::Unauthenticated, why);
        let token = STANDARD.decode(ticket).map_err(|_| refused("the ticket is no base64".to_owned()))?;
        // What NTLM begins with, bare or in SPNEGO.
        if token.windows(8).any(|part| part == b"NTLMSSP\0") {
            return Err(refused("this is NTLM, and Kerberos alone is taken here".to_owned()));
        }
        let accepted = self.kerberos.accept(token).await.map_err(|trouble| {
            tracing::info!(why = %trouble.why, "a Kerberos ticket was refused");
            refused(format!("the ticket is refused: {}", trouble.why))
        })?;
        let name = accepted.principal;
        let Some(role) = self.roles.get(&name).copied() else {
            return Err(refused(format!("`{name}` is known here for nothing; `--kerberos-map` gives it a role")));
        };
        let proof = accepted.proof.map_or(String::new(), |proof| format!(" {}", STANDARD.encode(proof)));
        let proof = HeaderValue::try_from(format!("Negotiate{proof}"))
            .map_err(|_| Refused::new(Code::Internal, "base64 does not stand in a header"))?;
        Ok((Principal { id: format!("kerberos:{name}"), name, role }, proof))
    }
}

/// Has every address of a router take tickets.
pub fn before(router: Router, acceptor: Acceptor) -> Router {
    router.layer(from_fn_with_state(acceptor, stand_before))
}

async fn stand_before(State(acceptor): State<Acceptor>, mut request: Request, next: Next) -> Response {
    let mut proof = None;
    if let Some(ticket) = ticket(&request) {
        match acceptor.admit(&ticket).await {
            Ok((principal, theirs)) => {
                request.extensions_mut().insert(principal);
                proof = Some(theirs);
            }
            Err(refused) => {
                let mut response = challenged(told(&refused));
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                return response;
            }
        }
    }
    let mut response = next.run(request).await;
    if let Some(proof) = proof {
        response.headers_mut().append(header::WWW_AUTHENTICATE, proof);
        return response;
    }
    if response.status() == StatusCode::UNAUTHORIZED { challenged(response) } else { response }
}

/// The ticket of a request that has one and nothing beside it.
fn ticket(request: &Request) -> Option<String> {
    let mut sent = request.headers().get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return None };
    let (scheme, ticket) = value.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("negotiate") && ticket.len() <= TICKET_MAX).then(|| ticket.trim().to_owned())
}

fn challenged(mut response: Response) -> Response {
    let mut offered = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
    if !offered.any(|value| value == "Negotiate") {
        response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Negotiate"));
    }
    response
}
