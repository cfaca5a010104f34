//! Values by their types, and what a system says about those that it uses.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

type Value = Box<dyn Any + Send + Sync>;

/// One value of each type. The locks make nobody wait: a schedule starts no system beside another
/// one that writes what it uses, and a system that finds a value locked panics.
#[derive(Default)]
pub(crate) struct World(HashMap<TypeId, RwLock<Value>>);

impl World {
    pub(crate) fn with<R: Any + Send + Sync>(mut self, value: R) -> Self {
        self.0
            .insert(TypeId::of::<R>(), RwLock::new(Box::new(value)));
        self
    }

    fn value<R: Any>(&self) -> &RwLock<Value> {
        let value = self.0.get(&TypeId::of::<R>());
        value.unwrap_or_else(|| panic!("the world has no {}", type_name::<R>()))
    }

    pub(crate) fn get<R: Any>(&self) -> Get<'_, R> {
        let value = self.value::<R>().try_read();
        Get(value.expect("no other system writes it"), PhantomData)
    }

    pub(crate) fn get_mut<R: Any>(&self) -> GetMut<'_, R> {
        let value = self.value::<R>().try_write();
        GetMut(value.expect("no other system uses it"), PhantomData)
    }
}

/// A value that is read.
pub(crate) struct Get<'w, R>(RwLockReadGuard<'w, Value>, PhantomData<&'w R>);

/// A value that is written.
pub(crate) struct GetMut<'w, R>(RwLockWriteGuard<'w, Value>, PhantomData<&'w mut R>);

const TYPE: &str = "a value lies under its type";

impl<R: Any> Deref for Get<'_, R> {
    type Target = R;
    fn deref(&self) -> &R {
        self.0.downcast_ref().expect(TYPE)
    }
}

impl<R: Any> Deref for GetMut<'_, R> {
    type Target = R;
    fn deref(&self) -> &R {
        self.0.downcast_ref().expect(TYPE)
    }
}

impl<R: Any> DerefMut for GetMut<'_, R> {
    fn deref_mut(&mut self) -> &mut R {
        self.0.downcast_mut().expect(TYPE)
    }
}

/// The names of the types that a system reads and writes.
#[derive(Default)]
pub(crate) struct Access {
    pub(crate) reads: Vec<&'static str>,
    pub(crate) writes: Vec<&'static str>,
}

impl Access {
    /// Does one write what the other uses?
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        let hits = |writes: &[&str], of: &Self| {
            let mut used = of.reads.iter().chain(&of.writes);
            used.any(|name| writes.contains(name))
        };
        hits(&self.writes, other) || hits(&other.writes, self)
    }
}

/// What a system is given: a [`Read`] or [`Write`] of a type, or a tuple of these.
pub(crate) trait Data: 'static {
    type Taken<'w>;
    fn declare(access: &mut Access);
    fn take(world: &World) -> Self::Taken<'_>;
}

pub(crate) struct Read<R>(PhantomData<R>);
pub(crate) struct Write<R>(PhantomData<R>);

impl<R: Any> Data for Read<R> {
    type Taken<'w> = Get<'w, R>;
    fn declare(access: &mut Access) {
        access.reads.push(type_name::<R>());
    }
    fn take(world: &World) -> Get<'_, R> {
        world.get()
    }
}

impl<R: Any> Data for Write<R> {
    type Taken<'w> = GetMut<'w, R>;
    fn declare(access: &mut Access) {
        access.writes.push(type_name::<R>());
    }
    fn take(world: &World) -> GetMut<'_, R> {
        world.get_mut()
    }
}

impl<A: Data, B: Data> Data for (A, B) {
    type Taken<'w> = (A::Taken<'w>, B::Taken<'w>);
    fn declare(access: &mut Access) {
        A::declare(access);
        B::declare(access);
    }
    fn take(world: &World) -> Self::Taken<'_> {
        (A::take(world), B::take(world))
    }
}

impl<A: Data, B: Data, C: Data> Data for (A, B, C) {
    type Taken<'w> = (A::Taken<'w>, B::Taken<'w>, C::Taken<'w>);
    fn declare(access: &mut Access) {
        <(A, B)>::declare(access);
        C::declare(access);
    }
    fn take(world: &World) -> Self::Taken<'_> {
        (A::take(world), B::take(world), C::take(world))
    }
}
