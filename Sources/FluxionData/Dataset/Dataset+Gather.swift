import FluxionCalculus

/// Copying examples into a batch: the hot path, concrete and free of allocation.
extension Dataset {
  /// Writes the normalised features of `indices` one after the other: `indices.count * featureCount` floats.
  ///
  /// The caller vouches for the indices (those of a ``DatasetView`` are checked when it is made) and for the room.
  package func copyFeatures(of indices: UnsafeBufferPointer<Int32>, to destination: UnsafeMutablePointer<Float>) {
    let storage = self.storage
    let width = storage.featureCount
    withExtendedLifetime(storage) {
      storage.normalization.scale.withUnsafeBufferPointer { scale in
        storage.normalization.shift.withUnsafeBufferPointer { shift in
          let affine = Affine(scale, shift)
          let base = storage.features.base
          switch storage.features.element {
          case .uint8:
            let rows = base.assumingMemoryBound(to: UInt8.self)
            for (position, index) in indices.enumerated() {
              affine.apply(to: rows + Int(index) * width, count: width, into: destination + position * width)
            }
          case .float32:
            let rows = base.assumingMemoryBound(to: Float.self)
            for (position, index) in indices.enumerated() {
              affine.apply(to: rows + Int(index) * width, count: width, into: destination + position * width)
            }
          case .int32: break  // Refused when a dataset is made.
          }
        }
      }
    }
  }

  /// Writes the labels of `indices`; nothing for regression.
  package func copyLabels(of indices: UnsafeBufferPointer<Int32>, to destination: UnsafeMutablePointer<Int32>) {
    guard case .classes(let labels, _, _) = storage.targets else { return }
    labels.withUnsafeBufferPointer { labels in
      for (position, index) in indices.enumerated() { destination[position] = labels[Int(index)] }
    }
  }

  /// Writes the regression targets of `indices`; for classes, the label as a number.
  package func copyValues(of indices: UnsafeBufferPointer<Int32>, to destination: UnsafeMutablePointer<Float>) {
    switch storage.targets {
    case .classes(let labels, _, _):
      labels.withUnsafeBufferPointer { labels in
        for (position, index) in indices.enumerated() { destination[position] = Float(labels[Int(index)]) }
      }
    case .values(let values):
      values.withUnsafeBufferPointer { values in
        for (position, index) in indices.enumerated() { destination[position] = values[Int(index)] }
      }
    }
  }

  /// Writes the targets of `indices` as a program reads them: `Int32` labels, or `Float` values.
  package func copyTargets(
    of indices: UnsafeBufferPointer<Int32>, asLabels: Bool, to destination: UnsafeMutableRawPointer
  ) {
    if asLabels {
      copyLabels(of: indices, to: destination.assumingMemoryBound(to: Int32.self))
    } else {
      copyValues(of: indices, to: destination.assumingMemoryBound(to: Float.self))
    }
  }
}

/// `x * scale + shift` over one row.
private struct Affine {
  let scale: UnsafePointer<Float>?
  let shift: UnsafePointer<Float>?
  let scalarScale: Float
  let scalarShift: Float

  init(_ scale: UnsafeBufferPointer<Float>, _ shift: UnsafeBufferPointer<Float>) {
    self.scale = scale.count > 1 ? scale.baseAddress : nil
    self.shift = shift.count > 1 ? shift.baseAddress : nil
    scalarScale = scale.first ?? 1
    scalarShift = shift.first ?? 0
  }

  @inline(__always)
  func apply(to row: UnsafePointer<UInt8>, count: Int, into out: UnsafeMutablePointer<Float>) {
    switch (scale, shift) {
    case (nil, nil): for i in 0..<count { out[i] = Float(row[i]) * scalarScale + scalarShift }
    case (let scale?, nil): for i in 0..<count { out[i] = Float(row[i]) * scale[i] + scalarShift }
    case (nil, let shift?): for i in 0..<count { out[i] = Float(row[i]) * scalarScale + shift[i] }
    case (let scale?, let shift?): for i in 0..<count { out[i] = Float(row[i]) * scale[i] + shift[i] }
    }
  }

  @inline(__always)
  func apply(to row: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
    switch (scale, shift) {
    case (nil, nil): for i in 0..<count { out[i] = row[i] * scalarScale + scalarShift }
    case (let scale?, nil): for i in 0..<count { out[i] = row[i] * scale[i] + scalarShift }
    case (nil, let shift?): for i in 0..<count { out[i] = row[i] * scalarScale + shift[i] }
    case (let scale?, let shift?): for i in 0..<count { out[i] = row[i] * scale[i] + shift[i] }
    }
  }
}
