// Business rules for ServiceNow: what happens to an incident or to its comments goes to Tocsin.
// Rule 1: table incident, after, async, insert and update.
(function executeRule(current, previous) {
  function shown(name) { return { value: String(current.getValue(name) || ''), display_value: String(current.getDisplayValue(name) || '') }; }
  var record = {
    number: String(current.number), short_description: String(current.short_description),
    state: String(current.state), priority: String(current.priority), category: String(current.category),
    contact_type: String(current.contact_type), company: shown('company'), assigned_to: shown('assigned_to'), caller_id: shown('caller_id'),
    opened_at: String(current.opened_at), sys_updated_on: String(current.sys_updated_on), sys_updated_by: String(current.sys_updated_by),
    sys_mod_count: String(current.sys_mod_count)
  };
  send(record);

  function send(body) {
    var request = new sn_ws.RESTMessageV2('Tocsin', 'send');
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader('X-Tocsin-Token', gs.getProperty('tocsin.token'));
    request.setRequestBody(JSON.stringify(body));
    request.executeAsync();
  }
})(current, previous);

// Rule 2: table sys_journal_field, after, async, insert, condition name is incident.
(function executeRule(current) {
  var incident = new GlideRecord('incident');
  if (!incident.get(String(current.element_id))) return;
  var request = new sn_ws.RESTMessageV2('Tocsin', 'send');
  request.setRequestHeader('Content-Type', 'application/json');
  request.setRequestHeader('X-Tocsin-Token', gs.getProperty('tocsin.token'));
  request.setRequestBody(JSON.stringify({
    number: String(incident.number),
    company: { display_value: String(incident.getDisplayValue('company')) },
    sys_updated_on: String(incident.sys_updated_on), sys_updated_by: String(current.sys_created_by),
    journal: {
      sys_id: String(current.sys_id), element: String(current.element),
      sys_created_on: String(current.sys_created_on), sys_created_by: String(current.sys_created_by),
      by_caller: String(current.sys_created_by) === String(incident.caller_id.user_name)
    }
  }));
  request.executeAsync();
})(current);
