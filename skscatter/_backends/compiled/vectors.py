"""SIMD vectors of `LANES` numbers for compiled functions.

LLVM's vector types become vector instructions on every processor, in as many registers as they
need there. A loop over lanes may or may not be vectorized.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

# SIMD lanes, one for each signal: the float32 numbers in a register of AVX2.
LANES = 8


class Vector(types.Type):
    """Type of a vector of `LANES` numbers of one precision, or of two such vectors as one."""

    def __init__(self, dtype: types.Float, size: int = LANES) -> None:
        self.dtype, self.size = dtype, size
        super().__init__(name=f"Vector({dtype}, {size})")


def llvm_type(dtype: types.Float, size: int = LANES) -> ir.VectorType:
    """LLVM's vector type for a precision."""
    return ir.VectorType(ir.FloatType() if dtype == types.float32 else ir.DoubleType(), size)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """Data model of `Vector`: LLVM's vector type."""

    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, llvm_type(vector.dtype, vector.size))


def _lower_operator(operation: Any, instruction: str) -> None:
    """Compile an operator on two vectors to an instruction.

    The compiler may contract a product and a sum into a fused multiply-add.
    """

    @type_callable(operation)
    def operator_on_vectors(context):
        return lambda a, b: a if isinstance(a, Vector) and a == b else None

    @lower_builtin(operation, Vector, Vector)
    def generate(context, builder, sig, args):
        return getattr(builder, instruction)(*args, flags=("contract",))


_lower_operator(operator.add, "fadd")
_lower_operator(operator.sub, "fsub")
_lower_operator(operator.mul, "fmul")


def _address(context: Any, builder: Any, array_type: Any, array: Any, i: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [i])


def _splat(builder: Any, dtype: types.Float, number: Any, size: int = LANES) -> Any:
    """Copy a number to all lanes."""
    vector = ir.Constant(llvm_type(dtype, size), ir.Undefined)
    first = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), size), [0] * size)
    return builder.shuffle_vector(first, vector, lanes)


@intrinsic
def load(typing_context, array, i):
    """Load a vector from a flat array, from index `i` on."""

    def generate(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], *args)
        address = builder.bitcast(address, llvm_type(array.dtype).as_pointer())
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing_context, array, i, vector):
    """Store a vector in a flat array, from index `i` on."""

    def generate(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], *args[:2])
        address = builder.bitcast(address, llvm_type(array.dtype).as_pointer())
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def broadcast(typing_context, array, i):
    """Load one number of a flat array into all lanes."""

    def generate(context, builder, sig, args):
        number = builder.load(_address(context, builder, sig.args[0], *args))
        return _splat(builder, array.dtype, number)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def constant(typing_context, array, number):
    """Copy a number to all lanes, in the precision of an array."""

    def generate(context, builder, sig, args):
        number = context.cast(builder, args[1], sig.args[1], array.dtype)
        return _splat(builder, array.dtype, number)

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


@intrinsic
def load_pair(typing_context, array, i):
    """Load two vectors as one, from index `i` of a flat array on."""

    def generate(context, builder, sig, args):
        address = _address(context, builder, sig.args[0], *args)
        address = builder.bitcast(address, llvm_type(array.dtype, 2 * LANES).as_pointer())
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return Vector(array.dtype, 2 * LANES)(array, types.intp), generate


@intrinsic
def broadcast_pair(typing_context, array, i):
    """Load one number of a flat array into all lanes of two vectors."""

    def generate(context, builder, sig, args):
        number = builder.load(_address(context, builder, sig.args[0], *args))
        return _splat(builder, array.dtype, number, 2 * LANES)

    return Vector(array.dtype, 2 * LANES)(array, types.intp), generate


@intrinsic
def constant_pair(typing_context, array, number):
    """Copy a number to all lanes of two vectors, in the precision of an array."""

    def generate(context, builder, sig, args):
        number = context.cast(builder, args[1], sig.args[1], array.dtype)
        return _splat(builder, array.dtype, number, 2 * LANES)

    return Vector(array.dtype, 2 * LANES)(array, types.float64), generate


def _half(pair: Vector, first: int) -> Any:
    """Type and code of the vector in half of the lanes of a pair."""

    def generate(context, builder, sig, args):
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(first, first + LANES)))
        return builder.shuffle_vector(args[0], args[0], lanes)

    return Vector(pair.dtype)(pair), generate


@intrinsic
def first_half(typing_context, pair):
    """Return the first vector of a pair."""
    return _half(pair, 0)


@intrinsic
def second_half(typing_context, pair):
    """Return the second vector of a pair."""
    return _half(pair, LANES)
