package import Wire

/// A value of which files of the configuration say what its text is.
package protocol WrittenAsText: TextCoded, Hashable, Sendable, LosslessStringConvertible {}
