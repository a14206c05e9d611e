//! A service's description, as ASP.NET makes it: from the same table and classes that answers are made from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::render;
use crate::server::http::asdk::table::Message;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::value::Class;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::xml;

const INTO_STRING: &str = "a string takes every write";

/// Where `guid` is from.
const GUID_NAMESPACE: &str = "http://microsoft.com/wsdl/types/";

/// A binding of a description.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    Soap,
    Get,
    Post,
}

impl Binding {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Soap => "Soap",
            Self::Get => "HttpGet",
            Self::Post => "HttpPost",
        }
    }
}

/// The description of a service that is found at `address`.
pub(super) fn describe(service: &'static Service, options: &AsdkOptions, address: &str) -> String {
    let namespace = xml::attribute(service.namespace(options));
    let messages: Vec<Message> = service.messages(options).collect();
    let http: Vec<Message> = match service.area.has_http(options) {
        true => messages.iter().copied().filter(Message::fits_a_form).collect(),
        false => Vec::new(),
    };
    let mut out = render::DECLARATION.to_owned();
    writeln!(
        out,
        "<wsdl:definitions xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:tns=\"{namespace}\" \
         xmlns:s=\"http://www.w3.org/2001/XMLSchema\" xmlns:s1=\"{GUID_NAMESPACE}\" \
         xmlns:http=\"http://schemas.xmlsoap.org/wsdl/http/\" xmlns:mime=\"http://schemas.xmlsoap.org/wsdl/mime/\" \
         targetNamespace=\"{namespace}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\">"
    )
    .expect(INTO_STRING);
    write_types(&mut out, options, &namespace, &messages, &http);
    for message in &messages {
        write_soap_messages(&mut out, *message);
    }
    for binding in [Binding::Get, Binding::Post] {
        http.iter().for_each(|message| write_http_messages(&mut out, *message, binding));
    }
    let of = |binding| if binding == Binding::Soap { &messages } else { &http };
    let bindings: Vec<Binding> =
        [Binding::Soap, Binding::Get, Binding::Post].into_iter().filter(|one| !of(*one).is_empty()).collect();
    for binding in &bindings {
        write_port_type(&mut out, service, *binding, of(*binding));
    }
    for binding in &bindings {
        write_binding(&mut out, service, options, *binding, of(*binding));
    }
    write_service(&mut out, service, &bindings, address);
    out.push_str("</wsdl:definitions>\n");
    out
}

/// Every class and list that a service's messages speak of.
#[derive(Default)]
struct Types {
    classes: BTreeMap<&'static str, &'static Class>,
    lists: BTreeMap<String, Ty>,
    has_guid: bool,
}

impl Types {
    fn note(&mut self, ty: Ty) {
        match ty {
            Ty::Guid => self.has_guid = true,
            Ty::Guids => {
                self.has_guid = true;
                self.lists.insert("ArrayOfGuid".to_owned(), Ty::Guid);
            }
            Ty::Texts => {
                self.lists.insert("ArrayOfString".to_owned(), Ty::Text);
            }
            Ty::Record(class) if self.classes.insert(class.name, class).is_none() => {
                class.fields.iter().for_each(|field| self.note(field.ty));
            }
            Ty::Records(class) => {
                self.lists.insert(format!("ArrayOf{}", class.name), Ty::Record(class));
                self.note(Ty::Record(class));
            }
            _ => {}
        }
    }
}

fn write_types(out: &mut String, options: &AsdkOptions, namespace: &str, messages: &[Message], http: &[Message]) {
    let mut types = Types::default();
    for message in messages {
        message.method.params.iter().for_each(|param| types.note(message.ty(param)));
        types.note(message.method.result);
    }
    writeln!(out, "<wsdl:types><s:schema elementFormDefault=\"qualified\" targetNamespace=\"{namespace}\">")
        .expect(INTO_STRING);
    if types.has_guid {
        writeln!(out, "<s:import namespace=\"{GUID_NAMESPACE}\" />").expect(INTO_STRING);
    }
    messages.iter().for_each(|message| write_wrappers(out, *message));
    for class in types.classes.values() {
        write_class(out, class, options);
    }
    for (name, ty) in &types.lists {
        let nillable = if ty.is_nullable() { " nillable=\"true\"" } else { "" };
        writeln!(
            out,
            "<s:complexType name=\"{name}\"><s:sequence><s:element minOccurs=\"0\" maxOccurs=\"unbounded\" \
             name=\"{}\"{nillable} type=\"{}\" /></s:sequence></s:complexType>",
            render::root_name(*ty),
            type_of(*ty)
        )
        .expect(INTO_STRING);
    }
    write_roots(out, http);
    out.push_str("</s:schema>\n");
    if types.has_guid {
        writeln!(
            out,
            "<s:schema elementFormDefault=\"qualified\" targetNamespace=\"{GUID_NAMESPACE}\"><s:simpleType name=\"guid\">\
             <s:restriction base=\"s:string\"><s:pattern value=\"[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-\
             [0-9a-fA-F]{{4}}-[0-9a-fA-F]{{12}}\" /></s:restriction></s:simpleType></s:schema>"
        )
        .expect(INTO_STRING);
    }
    out.push_str("</wsdl:types>\n");
}

/// The elements that wrap a message and its answer.
fn write_wrappers(out: &mut String, message: Message) {
    let name = message.name;
    write!(out, "<s:element name=\"{name}\"><s:complexType>").expect(INTO_STRING);
    if !message.method.params.is_empty() {
        out.push_str("<s:sequence>");
        for param in message.method.params {
            write_field(out, param.name, message.ty(param));
        }
        out.push_str("</s:sequence>");
    }
    write!(out, "</s:complexType></s:element>\n<s:element name=\"{name}Response\"><s:complexType>").expect(INTO_STRING);
    if !matches!(message.method.result, Ty::Void) {
        out.push_str("<s:sequence>");
        write_field(out, &format!("{name}Result"), message.method.result);
        out.push_str("</s:sequence>");
    }
    out.push_str("</s:complexType></s:element>\n");
}

fn write_field(out: &mut String, name: &str, ty: Ty) {
    if matches!(ty, Ty::Table) {
        write!(
            out,
            "<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"{name}\"><s:complexType mixed=\"true\"><s:sequence>\
             <s:any processContents=\"lax\" /></s:sequence></s:complexType></s:element>"
        )
        .expect(INTO_STRING);
        return;
    }
    let least = u8::from(!ty.is_nullable());
    write!(out, "<s:element minOccurs=\"{least}\" maxOccurs=\"1\" name=\"{name}\" type=\"{}\" />", type_of(ty))
        .expect(INTO_STRING);
}

fn write_class(out: &mut String, class: &Class, options: &AsdkOptions) {
    write!(out, "<s:complexType name=\"{}\"><s:sequence>", class.name).expect(INTO_STRING);
    let mut fields: Vec<_> = class.fields.iter().collect();
    if options.has(Quirk::FieldsReversed) {
        fields.reverse();
    }
    fields.into_iter().for_each(|field| write_field(out, field.name, field.ty));
    out.push_str("</s:sequence></s:complexType>\n");
}

/// The root elements of answers over HTTP, which ASP.NET declares for those bindings alone.
fn write_roots(out: &mut String, http: &[Message]) {
    let mut written = BTreeSet::new();
    for ty in http.iter().map(|message| message.method.result) {
        let name = render::root_name(ty);
        if name.is_empty() || !written.insert(name.clone()) {
            continue;
        }
        if matches!(ty, Ty::Table) {
            writeln!(
                out,
                "<s:element name=\"{name}\" nillable=\"true\"><s:complexType><s:sequence><s:any processContents=\"lax\" />\
                 </s:sequence></s:complexType></s:element>"
            )
            .expect(INTO_STRING);
            continue;
        }
        let nillable = if ty.is_nullable() { " nillable=\"true\"" } else { "" };
        writeln!(out, "<s:element name=\"{name}\"{nillable} type=\"{}\" />", type_of(ty)).expect(INTO_STRING);
    }
}

/// The name of a type in a schema.
fn type_of(ty: Ty) -> String {
    match ty {
        Ty::Text | Ty::GuidParam | Ty::GuidsParam => "s:string".to_owned(),
        Ty::Guid => "s1:guid".to_owned(),
        Ty::Bool => "s:boolean".to_owned(),
        Ty::Int => "s:int".to_owned(),
        Ty::DateTime => "s:dateTime".to_owned(),
        Ty::Guids | Ty::Texts | Ty::Record(_) | Ty::Records(_) | Ty::Table | Ty::Void => {
            format!("tns:{}", render::root_name(ty))
        }
    }
}

fn write_soap_messages(out: &mut String, message: Message) {
    let name = message.name;
    for (side, element) in [("In", name.to_owned()), ("Out", format!("{name}Response"))] {
        writeln!(
            out,
            "<wsdl:message name=\"{name}Soap{side}\"><wsdl:part name=\"parameters\" element=\"tns:{element}\" />\
             </wsdl:message>"
        )
        .expect(INTO_STRING);
    }
}

fn write_http_messages(out: &mut String, message: Message, binding: Binding) {
    let (name, suffix) = (message.name, binding.suffix());
    write!(out, "<wsdl:message name=\"{name}{suffix}In\">").expect(INTO_STRING);
    for param in message.method.params {
        // Over HTTP everything is a text (but for lists, which repeat).
        let ty = if matches!(message.ty(param), Ty::Texts) { "tns:ArrayOfString" } else { "s:string" };
        write!(out, "<wsdl:part name=\"{}\" type=\"{ty}\" />", param.name).expect(INTO_STRING);
    }
    write!(out, "</wsdl:message>\n<wsdl:message name=\"{name}{suffix}Out\">").expect(INTO_STRING);
    if !matches!(message.method.result, Ty::Void) {
        let root = render::root_name(message.method.result);
        write!(out, "<wsdl:part name=\"Body\" element=\"tns:{root}\" />").expect(INTO_STRING);
    }
    out.push_str("</wsdl:message>\n");
}

fn write_port_type(out: &mut String, service: &Service, binding: Binding, messages: &[Message]) {
    let suffix = binding.suffix();
    writeln!(out, "<wsdl:portType name=\"{}{suffix}\">", service.name).expect(INTO_STRING);
    for message in messages {
        let name = message.name;
        writeln!(
            out,
            "<wsdl:operation name=\"{name}\"><wsdl:input message=\"tns:{name}{suffix}In\" />\
             <wsdl:output message=\"tns:{name}{suffix}Out\" /></wsdl:operation>"
        )
        .expect(INTO_STRING);
    }
    out.push_str("</wsdl:portType>\n");
}

fn write_binding(out: &mut String, service: &Service, options: &AsdkOptions, binding: Binding, messages: &[Message]) {
    let suffix = binding.suffix();
    writeln!(out, "<wsdl:binding name=\"{0}{suffix}\" type=\"tns:{0}{suffix}\">", service.name).expect(INTO_STRING);
    out.push_str(match binding {
        Binding::Soap => "<soap:binding transport=\"http://schemas.xmlsoap.org/soap/http\" />\n",
        Binding::Get => "<http:binding verb=\"GET\" />\n",
        Binding::Post => "<http:binding verb=\"POST\" />\n",
    });
    for message in messages {
        let name = message.name;
        let (operation, input, output) = match binding {
            Binding::Soap => {
                let action = xml::attribute(&format!("{}/{name}", service.namespace(options)));
                let body = "<soap:body use=\"literal\" />".to_owned();
                (format!("<soap:operation soapAction=\"{action}\" style=\"document\" />"), body.clone(), body)
            }
            Binding::Get | Binding::Post => {
                let input = if binding == Binding::Get {
                    "<http:urlEncoded />".to_owned()
                } else {
                    "<mime:content type=\"application/x-www-form-urlencoded\" />".to_owned()
                };
                let void = matches!(message.method.result, Ty::Void);
                let output = if void { String::new() } else { "<mime:mimeXml part=\"Body\" />".to_owned() };
                (format!("<http:operation location=\"/{name}\" />"), input, output)
            }
        };
        writeln!(
            out,
            "<wsdl:operation name=\"{name}\">{operation}<wsdl:input>{input}</wsdl:input>\
             <wsdl:output>{output}</wsdl:output></wsdl:operation>"
        )
        .expect(INTO_STRING);
    }
    out.push_str("</wsdl:binding>\n");
}

fn write_service(out: &mut String, service: &Service, bindings: &[Binding], address: &str) {
    let address = xml::attribute(address);
    writeln!(out, "<wsdl:service name=\"{}\">", service.name).expect(INTO_STRING);
    for binding in bindings {
        let prefix = if *binding == Binding::Soap { "soap" } else { "http" };
        writeln!(
            out,
            "<wsdl:port name=\"{0}{1}\" binding=\"tns:{0}{1}\"><{prefix}:address location=\"{address}\" /></wsdl:port>",
            service.name,
            binding.suffix()
        )
        .expect(INTO_STRING);
    }
    out.push_str("</wsdl:service>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::asdk::Profile;
    use crate::server::http::asdk::services;
    use crate::server::http::asdk::xml::Element;

    const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

    fn described(name: &str, options: &AsdkOptions) -> Element {
        let service = services::all().find(|one| one.name == name).unwrap();
        xml::parse(&describe(service, options, "http://ns/x.asmx")).unwrap()
    }

    fn operations(root: &Element, port: &str) -> Vec<String> {
        let port = root.children.iter().find(|one| one.name == "portType" && one.attribute("", "name") == Some(port));
        let operations = port.into_iter().flat_map(|port| &port.children);
        operations.map(|one| one.attribute("", "name").unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn every_service_of_every_version_has_a_description() {
        for service in services::all() {
            for profile in Profile::ALL {
                let options = AsdkOptions { profile, ..AsdkOptions::new() };
                let root = xml::parse(&describe(service, &options, "http://ns/x.asmx")).unwrap();
                assert_eq!((root.namespace.as_str(), root.name.as_str()), (WSDL, "definitions"));
                assert_eq!(root.attribute("", "targetNamespace"), Some(service.area.namespace()));
            }
        }
    }

    #[test]
    fn a_message_of_guids_is_over_soap_alone_and_later_methods_are_hidden() {
        let root = described("ItemManagementService", &AsdkOptions::new());
        let soap = operations(&root, "ItemManagementServiceSoap");
        let post = operations(&root, "ItemManagementServiceHttpPost");
        assert!(soap.contains(&"GetItemByGuidX".to_owned()) && soap.contains(&"ItemExists".to_owned()));
        assert!(post.contains(&"GetItemByGuid".to_owned()) && !post.contains(&"GetItemByGuidX".to_owned()));
        let old = described("ItemManagementService", &AsdkOptions { profile: Profile::V7_1, ..AsdkOptions::new() });
        assert!(!operations(&old, "ItemManagementServiceSoap").contains(&"ItemExists".to_owned()));
        let off = described("ItemManagementService", &AsdkOptions::new().with(Quirk::HttpOff));
        assert!(operations(&off, "ItemManagementServiceHttpPost").is_empty());
    }

    #[test]
    fn a_namespace_can_be_another() {
        let mut options = AsdkOptions::new();
        options.namespaces.insert("ItemManagementService".to_owned(), "urn:other".to_owned());
        assert_eq!(described("ItemManagementService", &options).attribute("", "targetNamespace"), Some("urn:other"));
    }
}
