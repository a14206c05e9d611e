//! A tree to serde types, strictly: text is text and a number a number, a struct is a map, an enum is a word or a map
//! of one key. Errors say at which node they arose.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de;
use serde::de::DeserializeSeed;
use serde::de::IntoDeserializer;
use serde::de::Visitor;
use serde::forward_to_deserialize_any;

use super::tree::Data;
use super::tree::Tree;

/// What does not fit a type, and where.
#[derive(Debug)]
pub(super) struct Error {
    message: String,
    /// The innermost node, once it is known.
    at: Option<usize>,
}

impl Error {
    /// The node it arose at, and the message of the type.
    pub(super) fn into_parts(self) -> (usize, String) {
        (self.at.unwrap_or(0), self.message)
    }

    fn at(mut self, at: usize) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None }
    }
}

/// Reads the node at `at`.
///
/// The second value says whether a type looked at a value through serde's buffer, as untagged enums do, that the buffer
/// reads less strictly than this module: the schema must then be asked as well.
pub(super) fn from_node<T: de::DeserializeOwned>(tree: &Tree<'_>, at: usize) -> (Result<T, Error>, bool) {
    let lax = Cell::new(false);
    let result = T::deserialize(NodeReader { tree, at, lax: &lax, buffered: false }).map_err(|error| error.at(at));
    (result, lax.get())
}

#[derive(Clone, Copy)]
struct NodeReader<'a, 't> {
    tree: &'a Tree<'t>,
    at: usize,
    lax: &'a Cell<bool>,
    /// Whether it reads into serde's buffer, which was looked at where it began.
    buffered: bool,
}

impl<'a, 't> NodeReader<'a, 't> {
    fn data(&self) -> &'a Data<'t> {
        &self.tree.nodes[self.at].data
    }

    fn below(&self, at: usize) -> Self {
        Self { at, ..*self }
    }

    fn mismatch(&self, expected: &dyn de::Expected) -> Error {
        let found = match self.data() {
            Data::Null => de::Unexpected::Unit,
            Data::Bool(value) => de::Unexpected::Bool(*value),
            Data::Int(value) => match i64::try_from(*value) {
                Ok(value) => de::Unexpected::Signed(value),
                Err(_) => de::Unexpected::Other("large number"),
            },
            Data::Float(value) => de::Unexpected::Float(*value),
            Data::Text(text) => de::Unexpected::Str(text),
            Data::List { .. } => de::Unexpected::Seq,
            Data::Map { .. } => de::Unexpected::Map,
        };
        <Error as de::Error>::invalid_type(found, expected).at(self.at)
    }

    fn list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Data::List { len, .. } = *self.data() else { return Err(self.mismatch(&visitor)) };
        visitor.visit_seq(ListReader { reader: self, next: self.at + 1, left: len as usize })
    }

    fn map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Data::Map { len, .. } = *self.data() else { return Err(self.mismatch(&visitor)) };
        visitor.visit_map(MapReader { reader: self, next: self.at + 1, left: len as usize })
    }

    fn whole_number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Data::Int(value) = *self.data() else { return Err(self.mismatch(&visitor)) };
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn word<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            Data::Text(Cow::Borrowed(text)) => visitor.visit_str(text),
            Data::Text(Cow::Owned(text)) => visitor.visit_borrowed_str(text),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// Whether serde's buffer would read something here that this module refuses: a struct from a list, a word or an
    /// empty map from null.
    fn is_lax(&self) -> bool {
        matches!(self.data(), Data::List { .. })
            || (self.at..self.tree.next(self.at))
                .any(|at| matches!(self.tree.nodes[at].data, Data::Null | Data::List { len: 0, .. }))
    }
}

impl<'de> de::Deserializer<'de> for NodeReader<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let this = Self { buffered: true, ..self };
        if !self.buffered && self.is_lax() {
            self.lax.set(true);
        }
        match self.data() {
            Data::Null => visitor.visit_unit(),
            Data::Bool(value) => visitor.visit_bool(*value),
            Data::Int(_) => this.whole_number(visitor),
            Data::Float(value) => visitor.visit_f64(*value),
            Data::Text(_) => this.word(visitor),
            Data::List { .. } => this.list(visitor),
            Data::Map { .. } => this.map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            Data::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.whole_number(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.whole_number(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.whole_number(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.whole_number(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.whole_number(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.word(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.word(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.word(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            Data::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match *self.data() {
            Data::Text(_) => visitor.visit_enum(EnumReader { name: self, value: None }),
            Data::Map { len: 1, .. } => {
                let (name, value) = (self.below(self.at + 1), self.below(self.at + 2));
                visitor.visit_enum(EnumReader { name, value: Some(value) })
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u16 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

struct ListReader<'a, 't> {
    reader: NodeReader<'a, 't>,
    next: usize,
    left: usize,
}

impl<'a> de::SeqAccess<'a> for ListReader<'a, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let at = self.next;
        self.left -= 1;
        self.next = self.reader.tree.next(at);
        seed.deserialize(self.reader.below(at)).map(Some).map_err(|error| error.at(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

struct MapReader<'a, 't> {
    reader: NodeReader<'a, 't>,
    next: usize,
    left: usize,
}

impl<'a> de::MapAccess<'a> for MapReader<'a, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let at = self.next;
        self.left -= 1;
        self.next = at + 1;
        seed.deserialize(self.reader.below(at)).map(Some).map_err(|error| error.at(at))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let at = self.next;
        self.next = self.reader.tree.next(at);
        seed.deserialize(self.reader.below(at)).map_err(|error| error.at(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// A variant by name, and its content where it is the one key of a map.
struct EnumReader<'a, 't> {
    name: NodeReader<'a, 't>,
    value: Option<NodeReader<'a, 't>>,
}

impl<'a, 't> de::EnumAccess<'a> for EnumReader<'a, 't> {
    type Error = Error;
    type Variant = VariantReader<'a, 't>;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, VariantReader<'a, 't>), Error> {
        let name = self.name.tree.text(self.name.at).unwrap_or_default();
        let variant = seed.deserialize(name.into_deserializer()).map_err(|error: Error| error.at(self.name.at))?;
        Ok((variant, VariantReader(self.value)))
    }
}

struct VariantReader<'a, 't>(Option<NodeReader<'a, 't>>);

impl<'a> de::VariantAccess<'a> for VariantReader<'a, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            None => Ok(()),
            Some(value) => Err(value.mismatch(&"a word of its own, without a value")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Error> {
        match self.0 {
            Some(value) => seed.deserialize(value).map_err(|error| error.at(value.at)),
            None => Err(de::Error::custom("this word needs a value: write it as a map of one key")),
        }
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::invalid_type(de::Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Some(value) => value.map(visitor),
            None => Err(de::Error::invalid_type(de::Unexpected::UnitVariant, &visitor)),
        }
    }
}
