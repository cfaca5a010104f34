//! Errors that point at a token.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// What is wrong, and where.
pub(crate) struct Mistake {
    first: Span,
    last: Span,
    text: String,
}

impl Mistake {
    /// At one token.
    pub(crate) fn at(span: Span, text: impl Into<String>) -> Self {
        Self::over(span, span, text)
    }

    /// At all tokens from `first` to `last`.
    pub(crate) fn over(first: Span, last: Span, text: impl Into<String>) -> Self {
        Self {
            first,
            last,
            text: text.into(),
        }
    }

    /// `::core::compile_error! { "text" }`. The compiler points from its first token to its last.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let punct = |text: char, spacing| {
            let mut punct = Punct::new(text, spacing);
            punct.set_span(self.first);
            TokenTree::from(punct)
        };
        let mut text = Literal::string(&self.text);
        text.set_span(self.last);
        let mut braces = Group::new(Delimiter::Brace, TokenTree::from(text).into());
        braces.set_span(self.last);
        TokenStream::from_iter([
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("core", self.first).into(),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("compile_error", self.first).into(),
            punct('!', Spacing::Alone),
            braces.into(),
        ])
    }
}
