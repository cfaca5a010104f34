//! An async function in its parts.

use crate::expand::Kind;
use crate::mistake::Mistake;
use proc_macro::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// The tokens of `#[..] pub async fn name() -> Output { body }`.
pub(crate) struct Function {
    /// `#[..]`, doc comments among them.
    pub(crate) attributes: Vec<TokenTree>,
    /// `pub`, `pub(..)`, or none.
    pub(crate) visibility: Vec<TokenTree>,
    pub(crate) async_word: TokenTree,
    pub(crate) fn_word: TokenTree,
    pub(crate) name: Ident,
    /// `()`.
    pub(crate) arguments: Group,
    /// What stands between the arguments and the body.
    pub(crate) output: Vec<TokenTree>,
    /// `{ body }`.
    pub(crate) body: TokenTree,
}

/// The tokens of an item, from left to right.
struct Reader {
    tokens: std::iter::Peekable<proc_macro::token_stream::IntoIter>,
    /// The last token that was taken, for errors at the end.
    last: Option<TokenTree>,
}

impl Reader {
    fn next(&mut self) -> Option<TokenTree> {
        let token = self.tokens.next();
        if token.is_some() {
            self.last.clone_from(&token);
        }
        token
    }

    fn next_if(&mut self, is: impl FnOnce(&TokenTree) -> bool) -> Option<TokenTree> {
        let is_next = self.tokens.peek().is_some_and(is);
        is_next.then(|| self.next()).flatten()
    }

    /// An error at the next token, or at the last one if there is none.
    fn mistake(&mut self, text: impl Into<String>) -> Mistake {
        let at = self.tokens.peek().or(self.last.as_ref());
        let span = at.map_or_else(proc_macro::Span::call_site, TokenTree::span);
        Mistake::at(span, text)
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == punct)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(it) if it.delimiter() == delimiter)
}

/// A body is in braces. One that a macro by example was given as `$body:block` is in a group around
/// them.
fn is_body(token: &TokenTree) -> bool {
    is_group(token, Delimiter::Brace) || is_group(token, Delimiter::None)
}

impl Function {
    pub(crate) fn read(kind: Kind, item: TokenStream) -> Result<Self, Mistake> {
        let mut reader = Reader {
            tokens: item.into_iter().peekable(),
            last: None,
        };
        let attributes = read_attributes(&mut reader);
        let visibility = read_visibility(&mut reader);
        let Some(async_word) = reader.next_if(|token| is_word(token, "async")) else {
            return Err(reader.mistake(kind.wants_async()));
        };
        let Some(fn_word) = reader.next_if(|token| is_word(token, "fn")) else {
            let text = format!(
                "expected `fn`: `{}` is for a plain `async fn`",
                kind.shown()
            );
            return Err(reader.mistake(text));
        };
        let Some(TokenTree::Ident(name)) = reader.next() else {
            return Err(reader.mistake("expected the name of the function"));
        };
        if let Some(bracket) = reader.next_if(|token| is_punct(token, '<')) {
            let text = format!(
                "a function with `{}` cannot be generic: nobody could say with which types it is \
                 called. Remove the parameters",
                kind.shown()
            );
            return Err(Mistake::at(bracket.span(), text));
        }
        let arguments = match reader.next_if(|token| is_group(token, Delimiter::Parenthesis)) {
            Some(TokenTree::Group(arguments)) => arguments,
            _ => return Err(reader.mistake("expected `()` after the name of the function")),
        };
        check_arguments(kind, &arguments)?;
        let mut output: Vec<TokenTree> = std::iter::from_fn(|| reader.next()).collect();
        match output.pop() {
            Some(body) if is_body(&body) => Ok(Self {
                attributes,
                visibility,
                async_word,
                fn_word,
                name,
                arguments,
                output,
                body,
            }),
            _ => Err(reader.mistake(format!(
                "expected the body of the function, in braces, which `{}` runs",
                kind.shown()
            ))),
        }
    }
}

fn read_attributes(reader: &mut Reader) -> Vec<TokenTree> {
    let mut attributes = Vec::new();
    while let Some(hash) = reader.next_if(|token| is_punct(token, '#')) {
        attributes.push(hash);
        attributes.extend(reader.next_if(|token| is_group(token, Delimiter::Bracket)));
    }
    attributes
}

/// A macro by example gives `$vis` as one group, which may be empty.
fn read_visibility(reader: &mut Reader) -> Vec<TokenTree> {
    let mut visibility = Vec::new();
    visibility.extend(reader.next_if(|token| is_group(token, Delimiter::None)));
    if let Some(word) = reader.next_if(|token| is_word(token, "pub")) {
        visibility.push(word);
        visibility.extend(reader.next_if(|token| is_group(token, Delimiter::Parenthesis)));
    }
    visibility
}

fn check_arguments(kind: Kind, arguments: &Group) -> Result<(), Mistake> {
    let mut tokens = arguments.stream().into_iter();
    let Some(first) = tokens.next() else {
        return Ok(());
    };
    let last = tokens.last().unwrap_or_else(|| first.clone());
    let text = match kind {
        Kind::Main => {
            "a function with `#[manyhands::main]` has no arguments: nobody would pass them. Remove \
             them, and read the program's own with `std::env::args`; or call `manyhands::block_on` \
             in a function without the attribute"
        }
        Kind::Test => {
            "a function with `#[manyhands::test]` has no arguments: nobody would pass them. Remove \
             them, and call an async function that has them"
        }
    };
    Err(Mistake::over(first.span(), last.span(), text))
}
