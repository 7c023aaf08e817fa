import FluxionCalculus

extension Model {
  /// One layer of `outputs` affine functions of the flattened input: linear regression, or the softmax classifier.
  public static func linear(outputs: Int = 1) -> Model {
    Model {
      Flatten(); Dense(outputs)
    }
  }

  /// Multinomial logistic regression: one affine function a class, for ``Loss/softmaxCrossEntropy``.
  public static func logistic(classes: Int) -> Model { .linear(outputs: classes) }

  /// Dense layers with ReLU between them, on the flattened input.
  public static func mlp(hidden: [Int], classes: Int) -> Model {
    Model {
      Flatten()
      for units in hidden { Dense(units); ReLU() }
      Dense(classes)
    }
  }

  /// The convolutional network of FedAvg's experiments (McMahan et al. 2016, arXiv 1602.05629): two 5×5 convolutions of
  /// 32 and 64 filters, each with ReLU and 2×2 max pooling, then 512 units with ReLU.
  ///
  /// 1,663,370 parameters for images `[28, 28, 1]` and 10 classes.
  public static func cnn(classes: Int) -> Model {
    Model {
      Conv2D(filters: 32, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Conv2D(filters: 64, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
      Flatten(); Dense(512); ReLU(); Dense(classes)
    }
  }
}

extension Model {
  /// The model that a short text names: `linear`, `logistic`, `mlp`, `mlp:200,200` (units of the hidden layers) or
  /// `cnn`, or the layers themselves as ``ModelSpecification`` writes them.
  ///
  /// - Parameter outputs: of the last layer: the number of classes, or 1 for regression and two classes by one logit.
  ///   Layers written out say it themselves.
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known name.
  public static func named(_ text: String, outputs: Int) throws -> Model {
    let trimmed = text.trimmed
    if trimmed.contains(where: { $0 == ";" || $0 == "(" }) { return try ModelSpecification(trimmed).model() }
    guard outputs > 0 else {
      throw FluxionError(.invalidConfiguration, "model \(trimmed.shortened) needs at least 1 output, not \(outputs)")
    }
    let parts = trimmed.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard parts.count == 1 || name == "mlp" || !names.contains(name) else {
      throw FluxionError(.invalidConfiguration, "model \(name) takes no settings; \"\(trimmed.shortened)\" has some")
    }
    switch name {
    case "linear": return .linear(outputs: outputs)
    case "logistic": return .logistic(classes: outputs)
    case "mlp": return .mlp(hidden: parts.count == 2 ? try hiddenUnits(parts[1]) : [200, 200], classes: outputs)
    case "cnn": return .cnn(classes: outputs)
    default: throw FluxionError(.invalidConfiguration, unknownName(name, "model", among: names))
    }
  }

  /// The names ``named(_:outputs:)`` knows.
  public static let names = ["linear", "logistic", "mlp", "cnn"]

  private static func hiddenUnits(_ text: Substring) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { piece in
      guard let units = Int(piece.trimmed), units > 0 else {
        throw FluxionError(
          .invalidConfiguration,
          "model mlp needs positive whole numbers of units, as in mlp:200,200, not \"\(text.shortened)\"")
      }
      return units
    }
  }
}
