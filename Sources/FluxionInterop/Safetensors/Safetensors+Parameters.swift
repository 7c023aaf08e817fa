import FluxionCalculus
public import FluxionLearning

extension Safetensors {
  /// A model's parameters, tensor by tensor in the order of their layout.
  ///
  /// ```swift
  /// try Safetensors(parameters, metadata: ["format": "fluxion"]).write(to: url)
  /// let same = try Safetensors(contentsOf: url).parameters(layout: parameters.layout)
  /// ```
  public init(_ parameters: Parameters, metadata: [String: String] = [:]) {
    let tensors = parameters.layout.entries.map { entry in
      Tensor(
        uncheckedName: entry.name, shape: entry.shape.dimensions, values: Array(parameters.values[entry.range]))
    }
    self.init(tensors: tensors, metadata: metadata)
  }

  /// The parameters of a model of this layout; the file may have the tensors in any order.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` if a tensor is missing, is of another shape or is too many.
  public func parameters(layout: ParameterLayout) throws -> Parameters {
    let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var values: [Float] = []
    values.reserveCapacity(layout.count)
    for entry in layout.entries {
      guard let tensor = byName[entry.name] else {
        throw FluxionError(.shapeMismatch, "the file has no tensor \"\(entry.name)\"; the model needs it")
      }
      guard tensor.shape == entry.shape.dimensions else {
        throw FluxionError(
          .shapeMismatch,
          "tensor \"\(entry.name)\" of the file has shape \(tensor.shape); the model's has \(entry.shape)")
      }
      values.append(contentsOf: tensor.values)
    }
    if let other = tensors.first(where: { layout[$0.name] == nil }) {
      throw FluxionError(.shapeMismatch, "the model has no parameter \"\(other.name)\", which the file holds")
    }
    return try Parameters(layout: layout, values: values)
  }
}
