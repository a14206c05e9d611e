//! CAP: what a server's API can hold.

use crate::rules::Act;
use crate::rules::Rule;

/// Every rule of this family, in order.
pub(super) static ALL: &[&Rule] = &[&CAP_1, &CAP_2, &CAP_3, &CAP_4, &CAP_5];

/// See its text.
pub static CAP_1: Rule = Rule {
    id: "CAP-1",
    title: "a server holds only the kinds that its API has",
    source: "consign, capabilities",
    acts: &[Act::Validate, Act::Plan],
    explain: "Not every server API has every kind. A kind that the API lacks can be neither read nor written there, so \
              an item of it is refused before the server is asked. A kind that the API only shows may be declared as it \
              is on the server: a plan that would make, change or delete it is refused. Keep such manifests in a \
              project for the servers that have the kind, or look after the items in the server's console.",
};

/// See its text.
pub static CAP_2: Rule = Rule {
    id: "CAP-2",
    title: "a field that the API cannot set stays as the server has it",
    source: "consign, capabilities",
    acts: &[Act::Validate, Act::Plan],
    explain: "Some fields have no way in. A manifest that gives one another value than it has where nobody sets it \
              would never become true. Where the API shows the field, the manifest may say what the server has; a plan \
              that would change it holds that item back and says so. Where the API does not show it either, the \
              manifest is refused. Leave the field out for this server, for which an overlay is enough, or set it by \
              hand in the server's console; then `policy.severities.CAP-2: warning` has `consign` pass over such \
              fields.",
};

/// See its text.
pub static CAP_3: Rule = Rule {
    id: "CAP-3",
    title: "a field that is set only while the item is made needs a new item",
    source: "consign, capabilities",
    acts: &[Act::Plan],
    explain: "The API takes the field with the request that makes the item, and never again. A task is made anew then: \
              the old one is switched off and deleted, the new one has another GUID, and every computer that it reaches \
              takes it for new work and runs it again (TSK-4). No other kind is made anew for such a field, because \
              other items refer to it: the plan holds the item back. Write the value that the server has, or give the \
              item another name.",
};

/// See its text.
pub static CAP_4: Rule = Rule {
    id: "CAP-4",
    title: "a value is one that the API can express",
    source: "consign, capabilities",
    acts: &[Act::Validate, Act::Plan],
    explain: "The field is there, and the API takes only some of the values that a manifest can say: a speed out of a \
              list, a query in one language, a schedule in some forms. Nothing is rounded or left out in silence. The \
              server may have such a value already, so before it is read this is a warning; a plan that would write one \
              is refused. Write a value that the API has; `consign explain KIND.FIELD` names them by server.",
};

/// See its text.
pub static CAP_5: Rule = Rule {
    id: "CAP-5",
    title: "a field that the API does not show is not compared",
    source: "consign, capabilities; promise 5",
    acts: &[Act::Plan],
    explain: "Some fields are set and never shown. A difference in one cannot be found, and a field that can never be \
              seen must not plan the same change for ever. So such fields are not compared, and a change of nothing \
              else plans nothing; a plan names them once for each kind. Those that can be set are set while the item is \
              made. Of those that can be set later, another value than the default is sent with every change of the item, and the \
              default with a change of a field that the same call sets, because one call cannot leave a part alone. \
              The plan then names field and value for that item. A query that is neither shown nor declared is never \
              sent.",
};
