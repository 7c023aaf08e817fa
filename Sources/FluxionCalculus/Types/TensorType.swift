/// What one element of a tensor is.
///
/// Arithmetic happens in `float32`; `int32` holds labels, indices and random keys; `uint8` holds raw pixels until a
/// program converts them.
public enum ElementType: UInt8, Hashable, Sendable, Codable, CaseIterable {
  case float32 = 0
  case int32 = 1
  case uint8 = 2

  /// Bytes an element.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .uint8: 1
    }
  }
}

/// The static type of a value in a program: its element type and its shape.
public struct TensorType: Hashable, Sendable, Codable {
  public var element: ElementType
  public var shape: Shape

  public init(_ shape: Shape, _ element: ElementType = .float32) {
    self.element = element
    self.shape = shape
  }

  /// The size of a value in bytes.
  public var byteCount: Int { shape.count * element.byteCount }
}

extension TensorType: CustomStringConvertible {
  public var description: String { "\(element)\(shape)" }
}
