//! Tuples of loops: several loops side by side.

use super::plumbing::*;
use super::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator,
    IntoParallelRefMutIterator, ParallelIterator,
};

/// Parallel iterator over several loops side by side, as long as the shortest of them.
///
/// Made by [`into_par_iter`](IntoParallelIterator::into_par_iter) of a tuple of up to twelve
/// indexed parallel iterators, or values that become such. `par_iter` and `par_iter_mut` of a tuple
/// of collections make one as well.
///
/// ```
/// use manyhands::prelude::*;
///
/// let (a, b, mut c) = (vec![1, 2, 3], [10, 20, 30], vec![0; 3]);
/// (&a, &b, &mut c).into_par_iter().for_each(|(a, b, c)| *c = a + b);
/// assert_eq!(c, [11, 22, 33]);
///
/// let sums: Vec<i32> = (a, b, c).par_iter().map(|(a, b, c)| a + b + c).collect();
/// assert_eq!(sums, [22, 44, 66]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "iterator adaptors are lazy and do nothing unless consumed"]
pub struct MultiZip<T> {
    tuple: T,
}

/// A pattern of nested pairs.
macro_rules! nested {
    ($name:ident) => { $name };
    ($name:ident $($rest:ident)+) => { ($name, nested!($($rest)+)) };
}

/// One loop over nested pairs.
macro_rules! zipped {
    ($name:ident) => { $name };
    ($name:ident $($rest:ident)+) => { $name.zip(zipped!($($rest)+)) };
}

macro_rules! tuples {
    ($($type:ident $name:ident),+) => {
        impl<$($type: IndexedParallelIterator),+> ParallelIterator for MultiZip<($($type,)+)> {
            type Item = ($($type::Item,)+);

            fn drive_unindexed<CONSUMER: UnindexedConsumer<Self::Item>>(
                self,
                consumer: CONSUMER,
            ) -> CONSUMER::Result {
                self.drive(consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                Some(self.len())
            }
        }

        impl<$($type: IndexedParallelIterator),+> IndexedParallelIterator
            for MultiZip<($($type,)+)>
        {
            fn drive<CONSUMER: Consumer<Self::Item>>(self, consumer: CONSUMER) -> CONSUMER::Result {
                let ($($name,)+) = self.tuple;
                zipped!($($name)+).map(|nested!($($name)+)| ($($name,)+)).drive(consumer)
            }

            fn len(&self) -> usize {
                let ($($name,)+) = &self.tuple;
                [$($name.len()),+].into_iter().min().unwrap_or(0)
            }

            fn with_producer<CALLBACK: ProducerCallback<Self::Item>>(
                self,
                callback: CALLBACK,
            ) -> CALLBACK::Output {
                let ($($name,)+) = self.tuple;
                zipped!($($name)+).map(|nested!($($name)+)| ($($name,)+)).with_producer(callback)
            }
        }

        impl<$($type),+> IntoParallelIterator for ($($type,)+)
        where
            $($type: IntoParallelIterator<Iter: IndexedParallelIterator>,)+
        {
            type Iter = MultiZip<($($type::Iter,)+)>;
            type Item = ($($type::Item,)+);

            fn into_par_iter(self) -> Self::Iter {
                let ($($name,)+) = self;
                MultiZip { tuple: ($($name.into_par_iter(),)+) }
            }
        }

        impl<'a, $($type),+> IntoParallelIterator for &'a ($($type,)+)
        where
            $($type: IntoParallelRefIterator<'a, Iter: IndexedParallelIterator>,)+
        {
            type Iter = MultiZip<($($type::Iter,)+)>;
            type Item = ($($type::Item,)+);

            fn into_par_iter(self) -> Self::Iter {
                let ($($name,)+) = self;
                MultiZip { tuple: ($($name.par_iter(),)+) }
            }
        }

        impl<'a, $($type),+> IntoParallelIterator for &'a mut ($($type,)+)
        where
            $($type: IntoParallelRefMutIterator<'a, Iter: IndexedParallelIterator>,)+
        {
            type Iter = MultiZip<($($type::Iter,)+)>;
            type Item = ($($type::Item,)+);

            fn into_par_iter(self) -> Self::Iter {
                let ($($name,)+) = self;
                MultiZip { tuple: ($($name.par_iter_mut(),)+) }
            }
        }
    };
}

tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G g);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);
