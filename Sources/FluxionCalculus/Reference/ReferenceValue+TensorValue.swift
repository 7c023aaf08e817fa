extension ReferenceValue {
  /// The elements of a tensor, exactly.
  public init(_ value: TensorValue) {
    let elements: [Double] =
      switch value.storage {
      case .float32(let values): values.map(Double.init)
      case .int32(let values): values.map(Double.init)
      case .uint8(let values): values.map(Double.init)
      }
    self.init(elements, value.shape, value.type.element)
  }
}

extension TensorValue {
  /// The elements of a reference value, floats rounded to the nearest `Float`.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` if an integer type cannot hold its elements.
  public init(rounding value: ReferenceValue) throws(FluxionError) {
    guard value.hasValidElements else {
      throw FluxionError(
        .invalidArgument, "a value of type \(value.type) holds numbers that are no \(value.type.element)")
    }
    switch value.type.element {
    case .float32: self.init(value.elements.map(Float.init), shape: value.shape)
    case .int32: self.init(value.elements.map(Int32.init), shape: value.shape)
    case .uint8: self.init(value.elements.map(UInt8.init), shape: value.shape)
    }
  }
}
