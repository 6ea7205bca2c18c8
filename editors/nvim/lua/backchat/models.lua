-- The models of the configuration, and the choice between them.

local client = require("backchat.client")
local notify = require("backchat.notify")

local M = {}

---@type string[]
local names = {}

--- The names of the models as far as they are known, for completion.
---@return string[]
function M.names()
  if #names == 0 then
    local result = client.request_briefly("backchat/models")
    names = vim.tbl_map(function(model)
      return model.name
    end, result and result.models or {})
  end
  return names
end

--- Selects a model in every window; nil is the configuration's default again.
---@param name? string
function M.select(name)
  client.ask("backchat/selectModel", { model = name }, function(problem, result)
    if problem then
      return notify.error(problem)
    end
    notify.info("the model is " .. (result.selected or "the configuration's default"))
  end)
end

--- Lets the user pick a model.
function M.pick()
  client.ask("backchat/models", nil, function(problem, result)
    if problem then
      return notify.error(problem)
    end
    names = vim.tbl_map(function(model)
      return model.name
    end, result.models)
    if #result.models == 0 then
      return notify.error(result.problem or "no model is configured")
    end
    vim.ui.select(result.models, {
      prompt = "Backchat: model",
      kind = "backchat_model",
      format_item = function(model)
        return ("%s %s · %s at %s (%s)%s"):format(
          model.name == result.selected and "●" or " ",
          model.name,
          model.model,
          model.baseUrl,
          model.origin,
          model.problem and " — " .. model.problem or ""
        )
      end,
    }, function(model)
      if model then
        M.select(model.name)
      end
    end)
  end)
end

return M
