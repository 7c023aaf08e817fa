import CFluxionKernels
import FluxionCalculus

/// Copying examples into a batch: the hot path, concrete and free of allocation.
extension Dataset {
  /// Writes the normalised features of `indices` one after the other: `indices.count * featureCount` floats.
  ///
  /// The caller vouches for the indices (those of a ``DatasetView`` are checked when it is made) and for the room.
  package func copyFeatures(of indices: UnsafeBufferPointer<Int32>, to destination: UnsafeMutablePointer<Float>) {
    guard let rows = indices.baseAddress else { return }
    let storage = self.storage
    let (width, count) = (Int64(storage.featureCount), Int64(indices.count))
    withExtendedLifetime(storage) {
      storage.normalization.scale.withUnsafeBufferPointer { scale in
        storage.normalization.shift.withUnsafeBufferPointer { shift in
          guard let scales = scale.baseAddress, let shifts = shift.baseAddress else { return }
          let (scaleStride, shiftStride) = (Int32(scale.count > 1 ? 1 : 0), Int32(shift.count > 1 ? 1 : 0))
          let base = storage.features.base
          switch storage.features.element {
          case .uint8:
            fx_gather_rows_u8(
              base.assumingMemoryBound(to: UInt8.self), width, rows, count, scales, scaleStride, shifts, shiftStride,
              destination)
          case .float32:
            fx_gather_rows_f32(
              base.assumingMemoryBound(to: Float.self), width, rows, count, scales, scaleStride, shifts, shiftStride,
              destination)
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
