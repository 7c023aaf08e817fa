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
}
