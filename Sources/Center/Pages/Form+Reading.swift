import API
import Fleet

extension Form {
    /// The group that was chosen; the whole site where none was.
    var group: GroupPath {
        get throws { try GroupPath(self["group"].isEmpty ? GroupPath.site.description : self["group"]) }
    }

    /// What is wrong with a form; nil: something else is.
    static func mistake(_ error: any Error) -> String? {
        switch error {
        case let problem as Problem where problem.status == 422: problem.detail
        case let error as InvalidSetting: error.description
        case let error as InvalidName: error.description
        default: nil
        }
    }
}
