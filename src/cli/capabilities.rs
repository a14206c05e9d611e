//! What the APIs of the project's servers can hold, before one is asked.

use crate::adapter::altiris;
use crate::adapter::altiris::capabilities::Sight;
use crate::adapter::native;
use crate::model::altiris::Findings;
use crate::model::capabilities::Capabilities;
use crate::model::project::Api;
use crate::model::project::ServerConfig;

/// What the API of a server can hold, as far as the project file says; `None` of an API that is not spoken.
pub fn of(config: &ServerConfig) -> Option<Capabilities> {
    match config.api {
        Api::Native => Some(native::client::capabilities()),
        Api::Altiris => Some(altiris()),
        Api::Configmgr => None,
    }
}

/// The APIs that are spoken, with what each can hold where nothing else is known of the server.
pub fn known() -> [(&'static str, Capabilities); 2] {
    [(Api::Native.word(), native::client::capabilities()), (Api::Altiris.word(), altiris())]
}

fn altiris() -> Capabilities {
    altiris::capabilities::capabilities(&Findings::default(), Sight::Reports)
}
