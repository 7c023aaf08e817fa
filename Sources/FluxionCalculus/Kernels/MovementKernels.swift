import CFluxionKernels

/// Elements of four bytes moved between strided boxes; zeros first where the box does not fill the result.
final class StridedCopyKernel: Kernel {
  struct Box {
    var dimensions: [Int]
    var sourceStrides: [Int]
    var destinationStrides: [Int]
    var destinationOffset = 0
    var sourceOffset = 0
  }

  private let dimensions: [Int64]
  private let sourceStrides: [Int64]
  private let destinationStrides: [Int64]
  private let sourceOffset: Int
  private let destinationOffset: Int
  private let clearedCount: Int
  private let source: Location
  private let destination: Location

  init(_ box: Box, clearing clearedCount: Int = 0, source: Location, destination: Location) {
    dimensions = box.dimensions.map(Int64.init)
    sourceStrides = box.sourceStrides.map(Int64.init)
    destinationStrides = box.destinationStrides.map(Int64.init)
    (sourceOffset, destinationOffset) = (box.sourceOffset, box.destinationOffset)
    self.clearedCount = clearedCount
    (self.source, self.destination) = (source, destination)
  }

  func run(_ memory: Memory) {
    let target = destination.floats(memory)
    target.update(repeating: 0, count: clearedCount)
    fx_strided_copy(
      Int32(dimensions.count), dimensions, sourceStrides, destinationStrides,
      source.floats(memory) + sourceOffset, target + destinationOffset)
  }
}

/// Bytes copied as they are.
final class CopyKernel: Kernel {
  private let byteCount: Int
  private let source: Location
  private let destination: Location

  init(byteCount: Int, source: Location, destination: Location) {
    (self.byteCount, self.source, self.destination) = (byteCount, source, destination)
  }

  func run(_ memory: Memory) {
    destination.pointer(memory).copyMemory(from: source.pointer(memory), byteCount: byteCount)
  }
}

/// Zeros: the result of a product or sum over nothing.
final class ZeroKernel: Kernel {
  private let byteCount: Int
  private let destination: Location

  init(byteCount: Int, destination: Location) { (self.byteCount, self.destination) = (byteCount, destination) }

  func run(_ memory: Memory) {
    destination.pointer(memory).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }
}

/// Rows of a table by index; an index outside reads zeros.
final class GatherKernel: Kernel {
  private let rows: Int
  private let rowCount: Int
  private let indexCount: Int
  private let table: Location
  private let indices: Location
  private let result: Location

  init(rows: Int, rowCount: Int, indexCount: Int, table: Location, indices: Location, result: Location) {
    (self.rows, self.rowCount, self.indexCount) = (rows, rowCount, indexCount)
    (self.table, self.indices, self.result) = (table, indices, result)
  }

  func run(_ memory: Memory) {
    let (x, k, y) = (table.floats(memory), indices.integers(memory), result.floats(memory))
    for position in 0..<indexCount {
      let index = Int(k[position])
      if (0..<rows).contains(index) {
        (y + position * rowCount).update(from: x + index * rowCount, count: rowCount)
      } else {
        (y + position * rowCount).update(repeating: 0, count: rowCount)
      }
    }
  }
}

/// Values added to the rows that indices name.
final class ScatterAddKernel: Kernel {
  private let rows: Int
  private let rowCount: Int
  private let indexCount: Int
  private let indices: Location
  private let values: Location
  private let result: Location

  init(rows: Int, rowCount: Int, indexCount: Int, indices: Location, values: Location, result: Location) {
    (self.rows, self.rowCount, self.indexCount) = (rows, rowCount, indexCount)
    (self.indices, self.values, self.result) = (indices, values, result)
  }

  func run(_ memory: Memory) {
    let (k, v, y) = (indices.integers(memory), values.floats(memory), result.floats(memory))
    y.update(repeating: 0, count: rows * rowCount)
    for position in 0..<indexCount {
      let index = Int(k[position])
      guard (0..<rows).contains(index) else { continue }
      let (row, value) = (y + index * rowCount, v + position * rowCount)
      for column in 0..<rowCount { row[column] += value[column] }
    }
  }
}

/// Another element type.
final class ConvertKernel: Kernel {
  private let from: ElementType
  private let to: ElementType
  private let count: Int
  private let source: Location
  private let destination: Location

  init(from: ElementType, to: ElementType, count: Int, source: Location, destination: Location) {
    (self.from, self.to, self.count, self.source, self.destination) = (from, to, count, source, destination)
  }

  func run(_ memory: Memory) {
    let (x, y) = (source.pointer(memory), destination.pointer(memory))
    switch (from, to) {
    case (.uint8, .float32): convert(x, y, UInt8.self) { Float($0) }
    case (.int32, .float32): convert(x, y, Int32.self) { Float($0) }
    case (.uint8, .int32): convert(x, y, UInt8.self) { Int32($0) }
    case (.float32, .int32): convert(x, y, Float.self) { Int32(saturating: $0) }
    case (.float32, .uint8):
      convert(x, y, Float.self) { UInt8(truncatingIfNeeded: min(max(Int32(saturating: $0), 0), 255)) }
    case (.int32, .uint8): convert(x, y, Int32.self) { UInt8(truncatingIfNeeded: min(max($0, 0), 255)) }
    case (.float32, .float32), (.int32, .int32), (.uint8, .uint8):
      y.copyMemory(from: x, byteCount: count * to.byteCount)
    }
  }

  @inline(__always)
  private func convert<From, To>(
    _ source: UnsafeMutableRawPointer, _ destination: UnsafeMutableRawPointer, _ type: From.Type, _ body: (From) -> To
  ) {
    let (x, y) = (source.assumingMemoryBound(to: From.self), destination.assumingMemoryBound(to: To.self))
    for index in 0..<count { y[index] = body(x[index]) }
  }
}

extension Int32 {
  /// Truncated toward zero; out of range goes to the nearest bound, NaN to 0.
  init(saturating x: Float) {
    if x.isNaN { self = 0 } else { self = Int32(exactly: x.rounded(.towardZero)) ?? (x < 0 ? .min : .max) }
  }
}

/// Uniform random numbers from a key.
final class RandomUniformKernel: Kernel {
  private let count: Int64
  private let stream: UInt64
  private let key: Location
  private let result: Location

  init(count: Int, stream: UInt64, key: Location, result: Location) {
    (self.count, self.stream, self.key, self.result) = (Int64(count), stream, key, result)
  }

  func run(_ memory: Memory) {
    let words = key.integers(memory)
    fx_philox_uniform(
      UInt32(bitPattern: words[0]), UInt32(bitPattern: words[1]), stream, count, result.floats(memory))
  }
}

/// A reduction of the middle of `[outer, middle, inner]`.
final class ReduceKernel: Kernel {
  private let operation: Int32
  private let outer: Int64
  private let middle: Int64
  private let inner: Int64
  private let operand: Location
  private let result: Location

  init(_ reduction: Reduction, outer: Int, middle: Int, inner: Int, operand: Location, result: Location) {
    operation = Int32(reduction == .sum ? FX_REDUCE_SUM : FX_REDUCE_MAX)
    (self.outer, self.middle, self.inner) = (Int64(outer), Int64(middle), Int64(inner))
    (self.operand, self.result) = (operand, result)
  }

  func run(_ memory: Memory) {
    fx_reduce(operation, outer, middle, inner, operand.floats(memory), result.floats(memory))
  }
}
