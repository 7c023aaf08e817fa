// What a user of the library imports: everything from tensors to experiments under one name.
@_exported public import FluxionCalculus
@_exported public import FluxionCoordination
@_exported public import FluxionData
@_exported public import FluxionExperiment
@_exported public import FluxionFederation
@_exported public import FluxionInterop
@_exported public import FluxionLearning
@_exported public import FluxionSimulation
@_exported public import FluxionStore
