import FluxionCalculus

/// Named tensors in the safetensors format, as PyTorch, JAX and the Hugging Face libraries read it.
///
/// A file is the length of the header (8 bytes, little-endian), the header (JSON: name ↦ dtype, shape and where the
/// bytes lie, and `__metadata__`, words about the whole), and the tensors' bytes, little-endian and row-major, without
/// gaps. Only 32-bit floats (`F32`) are written and read.
///
/// ```swift
/// let weights = try Safetensors.Tensor(name: "dense.kernel", shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
/// let bytes = try Safetensors(tensors: [weights], metadata: ["format": "fluxion"]).encoded()
/// let same = try Safetensors(decoding: bytes)
/// same["dense.kernel"]?.values  // [1, 2, 3, 4, 5, 6]
/// ```
///
/// Source: <https://huggingface.co/docs/safetensors>, format of version 0.3 and later.
public struct Safetensors: Sendable, Equatable {
  /// One tensor, row-major.
  public struct Tensor: Sendable, Equatable {
    public let name: String
    public let shape: [Int]
    /// As many as the product of the shape's dimensions.
    public let values: [Float]

    /// - Throws: ``FluxionError/Code/shapeMismatch`` if the shape does not hold as many values.
    public init(name: String, shape: [Int], values: [Float]) throws {
      guard Safetensors.elementCount(of: shape) == values.count else {
        throw FluxionError(
          .shapeMismatch, "tensor \"\(name)\" was given \(values.count) values, which its shape \(shape) does not hold")
      }
      self.init(uncheckedName: name, shape: shape, values: values)
    }

    init(uncheckedName name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// In the order of their bytes in the file.
  public var tensors: [Tensor]
  /// Words about the whole file, by key.
  public var metadata: [String: String]

  public init(tensors: [Tensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The tensor of a name, if there is one.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// The key of the header that is no tensor.
  static let metadataKey = "__metadata__"
  /// The largest header in bytes; the reference implementation has the same limit.
  static let maximumHeaderLength = 100_000_000

  /// How many elements a shape holds; nil if a dimension is negative or the product overflows.
  static func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }
}
