"""Vectors of `LANES` numbers for compiled functions.

The compiler may or may not turn a loop over lanes into vector instructions. LLVM's own vectors are
those instructions on every processor, in as many registers as it takes there.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

# Signals that are computed together: the float32 numbers in a register of AVX2.
LANES = 8


class Vector(types.Type):
    """Type of `LANES` numbers of one precision."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


def llvm_type(dtype: types.Float) -> ir.VectorType:
    """LLVM's vector of a number type."""
    return ir.VectorType(ir.FloatType() if dtype == types.float32 else ir.DoubleType(), LANES)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is what LLVM calls one."""

    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, llvm_type(vector.dtype))


def _define(operation: Any, instruction: str) -> None:
    """Let two vectors meet in an operator; a sum of a product may be rounded once, not twice."""

    @intrinsic
    def combine(typing_context, a, b):
        def generate(context, builder, sig, args):
            return getattr(builder, instruction)(*args, flags=("contract",))

        return a(a, b), generate

    @overload(operation)
    def operator_of_vectors(a, b):
        if isinstance(a, Vector) and a == b:
            return lambda a, b: combine(a, b)
        return None


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")


def _address(context: Any, builder: Any, array_type: Any, array: Any, i: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [i])


def _spread(builder: Any, dtype: types.Float, number: Any) -> Any:
    """Write a number into all lanes."""
    vector = ir.Constant(llvm_type(dtype), ir.Undefined)
    first = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, vector, lanes)


@intrinsic
def load(typing_context, array, i):
    """Read a vector from a flat array, from `i` on."""

    def generate(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], *args)
        address = builder.bitcast(address, llvm_type(array.dtype).as_pointer())
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing_context, array, i, vector):
    """Write a vector to a flat array, from `i` on."""

    def generate(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], *args[:2])
        address = builder.bitcast(address, llvm_type(array.dtype).as_pointer())
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def broadcast(typing_context, array, i):
    """Read one number of a flat array into all lanes."""

    def generate(context, builder, sig, args):
        number = builder.load(_address(context, builder, sig.args[0], *args))
        return _spread(builder, array.dtype, number)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def filled(typing_context, array, number):
    """Write a number into all lanes, in the precision of an array."""

    def generate(context, builder, sig, args):
        number = context.cast(builder, args[1], sig.args[1], array.dtype)
        return _spread(builder, array.dtype, number)

    return Vector(array.dtype)(array, types.float64), generate


@intrinsic
def square_root(typing_context, vector):
    """Square root in each lane."""

    def generate(context, builder, sig, args):
        of = llvm_type(vector.dtype)
        name = f"llvm.sqrt.v{LANES}f{vector.dtype.bitwidth}"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(of, [of]), name)
        return builder.call(function, args)

    return vector(vector), generate
