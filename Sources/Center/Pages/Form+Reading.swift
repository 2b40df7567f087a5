import Fleet

extension Form {
    /// The group that was chosen; the whole site where none was.
    var group: GroupPath {
        get throws { try GroupPath(self["group"].isEmpty ? GroupPath.site.description : self["group"]) }
    }
}
