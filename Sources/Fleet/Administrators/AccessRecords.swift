/// What the configuration says of access: who may use the control center.
package struct AccessRecords: Equatable, Sendable {
    /// By name.
    package var administrators: [String: Administrator] = [:]

    package init() {}
}
