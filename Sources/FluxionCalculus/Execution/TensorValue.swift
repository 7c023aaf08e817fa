/// A concrete tensor: a shape and its elements in row-major order.
///
/// ```swift
/// let x = TensorValue([1, 2, 3, 4, 5, 6], shape: [2, 3])
/// ```
public struct TensorValue: Hashable, Sendable {
  public enum Storage: Hashable, Sendable {
    case float32([Float])
    case int32([Int32])
    case uint8([UInt8])
  }

  public let shape: Shape
  public let storage: Storage

  public init(_ values: [Float], shape: Shape) { (self.shape, storage) = (shape, .float32(values)) }
  public init(_ values: [Int32], shape: Shape) { (self.shape, storage) = (shape, .int32(values)) }
  public init(_ values: [UInt8], shape: Shape) { (self.shape, storage) = (shape, .uint8(values)) }

  /// A scalar.
  public init(_ value: Float) { self.init([value], shape: .scalar) }

  public var type: TensorType {
    switch storage {
    case .float32: TensorType(shape, .float32)
    case .int32: TensorType(shape, .int32)
    case .uint8: TensorType(shape, .uint8)
    }
  }

  /// The elements as floats, whatever their type.
  public var floats: [Float] {
    switch storage {
    case .float32(let values): values
    case .int32(let values): values.map(Float.init)
    case .uint8(let values): values.map(Float.init)
    }
  }

  /// The elements of an `int32` tensor; empty for another type.
  public var integers: [Int32] {
    if case .int32(let values) = storage { values } else { [] }
  }

  /// The number of elements that are stored, which the shape must agree with.
  var storedCount: Int {
    switch storage {
    case .float32(let values): values.count
    case .int32(let values): values.count
    case .uint8(let values): values.count
    }
  }

  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch storage {
    case .float32(let values): try values.withUnsafeBytes(body)
    case .int32(let values): try values.withUnsafeBytes(body)
    case .uint8(let values): try values.withUnsafeBytes(body)
    }
  }

  /// Copies elements out of memory that holds a value of `type`.
  init(copying pointer: UnsafeRawPointer, type: TensorType) {
    let count = type.shape.count
    switch type.element {
    case .float32:
      self.init(
        Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Float.self), count: count)), shape: type.shape)
    case .int32:
      self.init(
        Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Int32.self), count: count)), shape: type.shape)
    case .uint8:
      self.init(
        Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: UInt8.self), count: count)), shape: type.shape)
    }
  }
}
