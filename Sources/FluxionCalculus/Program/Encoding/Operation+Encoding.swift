extension Operation {
  /// Writes what ``name`` does not tell.
  func encodeAttributes(to writer: inout ByteWriter) {
    switch self {
    case .literal(let literal): literal.encode(to: &writer)
    case .reduce(_, let axes, let keeping):
      writer.write(axes)
      writer.write(keeping)
    case .broadcast(let shape), .reshape(let shape): writer.write(shape.dimensions)
    case .transpose(let permutation): writer.write(permutation)
    case .slice(let first, let second), .pad(let first, let second):
      writer.write(first)
      writer.write(second)
    case .concatenate(let number), .scatterAdd(let number), .oneHot(let number): writer.write(number)
    case .matmul(let transposeA, let transposeB):
      writer.write(transposeA)
      writer.write(transposeB)
    case .conv2D(let window), .conv2DFilterGradient(let window), .maxPool2D(let window),
      .maxPool2DScatter(let window), .maxPool2DGather(let window), .averagePool2D(let window):
      writer.write(window)
    case .conv2DInputGradient(let window, let height, let width),
      .averagePool2DGradient(let window, let height, let width):
      writer.write(window)
      writer.write(height)
      writer.write(width)
    case .convert(let element): writer.write(byte: element.rawValue)
    case .randomUniform(let shape, let stream):
      writer.write(shape.dimensions)
      writer.write(varint: stream)
    case .unary, .binary, .select, .gather, .logSoftmax, .softmax, .softmaxCrossEntropy, .softmaxCrossEntropyGradient,
      .argmax, .stopGradient:
      break
    }
  }

  /// The operator of a name, with its attributes read; whether they fit the operands is for typing to say.
  init(named name: String, from reader: inout ByteReader) throws(FluxionError) {
    let limit = Self.maximumElementCount
    if let unary = Unary(rawValue: name) {
      self = .unary(unary)
    } else if let binary = Binary(rawValue: name) {
      self = .binary(binary)
    } else if let simple = Self.withoutAttributes.first(where: { $0.name == name }) {
      self = simple
    } else if let windowed = try Self.windowed(name, &reader) {
      self = windowed
    } else {
      switch name {
      case "literal": self = .literal(try Literal(from: &reader))
      case "reduceSum": self = try .reduced(.sum, &reader)
      case "reduceMaximum": self = try .reduced(.maximum, &reader)
      case "broadcast": self = .broadcast(try reader.readShape("broadcast shape"))
      case "reshape": self = .reshape(try reader.readShape("reshape shape"))
      case "transpose": self = .transpose(try reader.readIntegers(upTo: Program.EncodingLimits.rank, "permutation"))
      case "slice":
        let starts = try reader.readIntegers(upTo: limit, "slice starts")
        self = .slice(starts: starts, sizes: try reader.readIntegers(upTo: limit, "slice sizes"))
      case "pad":
        let low = try reader.readIntegers(upTo: limit, "low padding")
        self = .pad(low: low, high: try reader.readIntegers(upTo: limit, "high padding"))
      case "concatenate":
        self = .concatenate(axis: try reader.readInteger(upTo: Program.EncodingLimits.rank, "concatenation axis"))
      case "scatterAdd": self = .scatterAdd(rows: try reader.readInteger(upTo: limit, "scatterAdd rows"))
      case "oneHot": self = .oneHot(depth: try reader.readInteger(upTo: limit, "oneHot depth"))
      case "matmul":
        let transposeA = try reader.readFlag("matmul flag")
        self = .matmul(transposeA: transposeA, transposeB: try reader.readFlag("matmul flag"))
      case "convert": self = .convert(try reader.readElement("element type"))
      case "randomUniform":
        let shape = try reader.readShape("randomUniform shape")
        self = .randomUniform(shape, stream: try reader.readVarint("randomUniform stream"))
      default: throw FluxionError(.unsupported, "the program uses operator \"\(name)\", which this build does not know")
      }
    }
  }

  private static let withoutAttributes: [Operation] = [
    .select, .gather, .logSoftmax, .softmax, .softmaxCrossEntropy, .softmaxCrossEntropyGradient, .argmax,
    .stopGradient,
  ]

  private static func reduced(_ reduction: Reduction, _ reader: inout ByteReader) throws(FluxionError) -> Operation {
    let axes = try reader.readIntegers(upTo: Program.EncodingLimits.rank, "axes")
    return .reduce(reduction, axes: axes, keepingDimensions: try reader.readFlag("keepingDimensions"))
  }

  private static func windowed(_ name: String, _ reader: inout ByteReader) throws(FluxionError) -> Operation? {
    func size(_ reader: inout ByteReader) throws(FluxionError) -> (height: Int, width: Int) {
      let height = try reader.readInteger(upTo: 1 << 24, "image height")
      return (height, try reader.readInteger(upTo: 1 << 24, "image width"))
    }
    switch name {
    case "conv2D": return .conv2D(try reader.readWindow())
    case "conv2DFilterGradient": return .conv2DFilterGradient(try reader.readWindow())
    case "maxPool2D": return .maxPool2D(try reader.readWindow())
    case "maxPool2DScatter": return .maxPool2DScatter(try reader.readWindow())
    case "maxPool2DGather": return .maxPool2DGather(try reader.readWindow())
    case "averagePool2D": return .averagePool2D(try reader.readWindow())
    case "conv2DInputGradient":
      let window = try reader.readWindow()
      let (height, width) = try size(&reader)
      return .conv2DInputGradient(window, height: height, width: width)
    case "averagePool2DGradient":
      let window = try reader.readWindow()
      let (height, width) = try size(&reader)
      return .averagePool2DGradient(window, height: height, width: width)
    default: return nil
    }
  }
}

extension Literal {
  fileprivate func encode(to writer: inout ByteWriter) {
    writer.write(type)
    switch storage {
    case .float32(let values): for value in values { writer.write(word: value.bitPattern) }
    case .int32(let values): for value in values { writer.write(word: value) }
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(FluxionError) {
    let type = try reader.readType("literal")
    var words = ByteReader(try reader.readBytes(type.shape.count * 4, "literal of shape \(type.shape)"))
    switch type.element {
    case .float32:
      var values: [Float] = []
      values.reserveCapacity(type.shape.count)
      for _ in 0..<type.shape.count { values.append(Float(bitPattern: try words.readWord(UInt32.self, "literal"))) }
      self.init(values, type.shape)
    case .int32:
      var values: [Int32] = []
      values.reserveCapacity(type.shape.count)
      for _ in 0..<type.shape.count { values.append(try words.readWord(Int32.self, "literal")) }
      self.init(values, type.shape)
    case .uint8: throw reader.corrupt("a literal cannot be uint8")
    }
  }
}
