# scale_up.py of autoheal-agent, shortened
g='host.state'
f='Status'
e='update_auto_scaling_group'
d='Delete'
c='GroupName'
b='reason'
a='Pending'
Z='ec2'
Y=False
X='info'
W=getattr
R='host.id'
Q='Standby'
P='LifecycleState'
O='Version'
N='outcome'
M=True
L=Exception
K='DesiredCapacity'
J=', '
I='InstanceId'
H='Instances'
G='error'
F='awaited'
E=str
D='autoscaling'
C=len
A=''
B=None
import http.client,json,os,time,traceback as h,urllib.request,functools as i,json,os,random,re,zlib,boto3
from botocore.config import Config as j
from botocore.exceptions import BotoCoreError as k,ClientError as l
from botocore.parsers import ResponseParserError as m
S=5
n=30
o=100
CALLS=j(connect_timeout=3,read_timeout=10,retries={'mode':'standard','total_max_attempts':1})
T={'RequestLimitExceeded','Throttling'}
KEPT_FOR=60
p={'AccessDenied','AuthFailure','UnauthorizedOperation','ValidationError'}
q=re.compile('(?<=\\n)(autoheal-outcome/1 version=\\S+ instance=(\\S+) boot=(\\S{36}) volumes=(\\S+) outcome=(\\S+) exit=\\d+ reason=\\S+) crc=([0-9a-f]{8})(?=[\\r\\n])')
class GiveUp(L):...
@i.cache
def client(service):return boto3.client(service,config=CALLS)
def wanted_volumes():
 D='VOLUMES';A=[A.strip().partition('=')for A in os.environ[D].split(',')];B={B:A for(A,C,B)in A if A and B}
 if C(B)!=C(A)or C(set(B.values()))!=C(A):raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ[D]!r}")
 return B
def newest_outcome(console,instance):
 A=[A for A in q.finditer(console)if A[2]==instance];A=[A for A in A if f"{zlib.crc32(A[1].encode()):08x}"==A[6]]
 for C in reversed(A):
  if C[3]==A[-1][3]and wanted_volumes().keys()<=set(C[4].split(',')):return C[0],C[5]
 return B,B
class Work:
 pause=S;refusals=p;reserve=o
 def __init__(A,context,sleep,about):A.context=context;A.sleep=sleep;A.about=about;A.awaited={};A.kept={};A.slowed=.0
 def verdict(A,refused):raise NotImplementedError
 def time_is_up(A):return'the time is up'
 def converge(B,look):
  J='an answer without an error';I=[]
  while M:
   C=A
   try:
    D=look()
    if not D:return
   except l as H:
    C=H.response['Error']['Code'];D={F:J,G:E(H)};I=[*I,C]if C in B.refusals else[]
    if(K:=I and B.verdict(I)):raise K(E(H))from H
   except(k,m)as H:C='lost';D={F:J,G:E(H)}
   if not C:I=[]
   elif C not in T:B.kept.clear()
   if D!=B.awaited:B.log('Waiting.',D,'warning'if G in D else X)
   B.awaited=D;B.rest(C in T)
 def rest(A,throttled=Y):B=throttled;A.slowed=min(max(2*A.slowed,S),n)if B else A.slowed/2;C=A.slowed if B else max(A.slowed,A.pause);A.sleep(C*random.uniform(.75,1)if A.slowed>1 else C)
 def known(A,what,ask,*C):
  B=what
  if B not in A.kept or A.kept[B][1]-A.remaining()>KEPT_FOR:A.kept[B]=ask(*C),A.remaining()
  return A.kept[B][0]
 def read_console(C,instance):B=instance;D=C.call(Z,'get_console_output',InstanceId=B,Latest=M).get('Output',A);return newest_outcome(D,B)
 def call(A,service,operation,**B):
  if A.remaining()<A.reserve:raise GiveUp(A.time_is_up())
  return W(client(service),operation)(**B)
 def remaining(A):return A.context.get_remaining_time_in_millis()/1000
 def log(A,message,data=B,level=X):C=W(A.context,'aws_request_id',B);D={'level':level,'message':message,**A.about,'faas.invocation_id':C};print(json.dumps({**D,**(data or{})},default=E),flush=M)
r=15
s=12
t=4096
U=10
V=7
u={a,'InProgress','Baking','Cancelling','RollbackInProgress'}
def handler(event,context,sleep=time.sleep):
 F='FAILED';A=Request(event,context,sleep)
 try:A.log('A request of CloudFormation.');A.serve();B,D='SUCCESS','Done.'
 except GiveUp as C:B,D=F,E(C)
 except L as C:A.log('An unexpected error.',{b:repr(C),'trace':h.format_exc()},G);B,D=F,repr(C)
 A.answer(B,D);return{N:B}
class Request(Work):
 def __init__(A,event,context,sleep):C=event;A.event=C;A.kind=C.get('RequestType');A.properties=C.get('ResourceProperties')or{};A.former=C.get('OldResourceProperties')or{};A.group=A.properties.get(c);A.refresh=A.line=B;super().__init__(context,sleep,{'request.type':A.kind,'group.name':A.group})
 def serve(A):
  D='Update'
  if A.kind==d:return A.converge(A.empty_group)if A.group else B
  if A.kind not in('Create',D)or not A.group:raise GiveUp(f"cannot serve a {A.kind} of the group {A.group}")
  if A.kind==D and A.group==A.former.get(c):
   C=A.properties.get(O)
   if A.properties.get('ApplyUpdates')=='true'and C!=A.former.get(O):return A.converge(lambda:A.refresh_group(C))
   return A.log('The group is the same: its size is left alone.')
  return A.converge(A.fill_group)
 def verdict(A,refused):return GiveUp if C(refused)==s else B
 def fill_group(A):
  B=A.describe_group()
  if not B:raise GiveUp(f"there is no Auto Scaling group {A.group}")
  if B[K]>0 or B[H]:return A.look_at_service(B)
  A.log('Setting the desired capacity to 1.');A.call(D,e,AutoScalingGroupName=A.group,DesiredCapacity=1);return{F:'the group to want one instance'}
 def refresh_group(A,version):
  J='InstanceRefreshId';C=A.describe_group()
  if not C.get(H)and not C.get(K):return A.log('The group has no instance to replace: its size is left alone.')
  E=A.look_at_service(C,version)
  if not E:return
  G={'AutoScalingGroupName':A.group};I=A.call(D,'describe_instance_refreshes',**G,MaxRecords=1)['InstanceRefreshes'];F=I[0]if I else{};B=F.get(f)
  if B in u or A.refresh and B=='Successful':return{**E,'refresh.status':B}
  if not A.refresh:A.log('Starting an instance refresh.');L=A.call(D,'start_instance_refresh',**G,Preferences={'MinHealthyPercentage':0});A.refresh=L[J]
  elif A.refresh==F.get(J):raise GiveUp(f"the instance refresh ended as {B}: {F.get('StatusReason')}")
  return E
 def look_at_service(A,group,version=B):
  U='refused';T='data';S='LAUNCH_UNTIL';M=version;L=group;E={A[I]:A[P]for A in L[H]}
  for C in L[H]:
   V=C.get('LaunchTemplate',{}).get(O),C.get('LaunchConfigurationName')
   if C[P]=='InService'and(M is B or M in V):
    if os.environ.get(S)==T:
     G,D=A.read_console(C[I])
     if D==U:raise GiveUp(f"instance {C[I]} needs a person; its console says: {G}")
    return
  for(N,K)in E.items():
   if not K.startswith((a,'EnteringStandby',Q)):continue
   D=B
   if os.environ.get(S)==T:G,D=A.read_console(N);A.line=G or A.line
   if D==U or Q in K:raise GiveUp(f"instance {N} ({K}) needs a person; its console says: {A.line}")
  A.pause=r;W={R:J.join(E),g:J.join(E.values())};return{F:'an instance to be in service',**W}
 def empty_group(A):
  L='Name';G='MinSize';E=A.describe_group()
  if E and(E[G]>0 or E[K]>0):A.log('Setting the sizes to 0.');M={G:0,K:0};A.call(D,e,AutoScalingGroupName=A.group,**M);return{F:'the group to want no instance'}
  B={A[I]:A[P]for A in E.get(H,[])}
  for C in(A for(A,B)in B.items()if B==Q):A.log('Terminating an instance that is in Standby.',{R:C});N={'ShouldDecrementDesiredCapacity':Y};A.call(D,'terminate_instance_in_auto_scaling_group',InstanceId=C,**N)
  O=['pending','running','shutting-down','stopping','stopped'];S={'tag:aws:autoscaling:groupName':[A.group],'instance-state-name':O};T=A.call(Z,'describe_instances',Filters=[{L:A,'Values':B}for(A,B)in S.items()])
  for C in(B for A in T['Reservations']for B in A[H]):B[C[I]]=C['State'][L]
  if B:U=J.join(B.values());return{F:'the instance to be gone',R:J.join(B),g:U}
 def describe_group(A):B=A.call(D,'describe_auto_scaling_groups',AutoScalingGroupNames=[A.group]);return next(iter(B['AutoScalingGroups']),{})
 def time_is_up(B):C=f"; the console said: {B.line}"if B.line else A;D=A if B.kind==d else B.last_activity();return f"the time is up{C}{D}; last seen: {json.dumps(B.awaited)}"
 def last_activity(E):
  C='StatusMessage'
  try:F=client(D).describe_scaling_activities(AutoScalingGroupName=E.group,MaxRecords=5)
  except L as G:return f"; the group's activities cannot be read: {G}"
  A=F['Activities'];H=next((A for A in A if A.get(C)),(A or[{}])[0]);I=[H.get(A)for A in('Description','StatusCode',C,'Cause')];return"; the group's last activity: "+(J.join(filter(B,I))or'none')
 def answer(B,status,reason):
  F=reason;C=status;H=B.answer_body(C,F);I=B.event['ResponseURL']
  for D in range(V):
   try:
    J=urllib.request.Request(I,data=H,method='PUT',headers={'Content-Type':A})
    with urllib.request.urlopen(J,timeout=U):B.log('Answered CloudFormation.',{N:C,b:F})
    return
   except(OSError,http.client.HTTPException)as K:
    B.log('The answer was not taken.',{N:C,G:E(K)},G)
    if D==V-1 or B.remaining()<2**D+2*U:raise
   B.sleep(2**D)
 def answer_body(L,status,reason):
  K='RequestId';J='PhysicalResourceId';I='StackId';G='LogicalResourceId';E='Reason';D=L.event;H=D.get(I,A);B={f:status,E:reason,J:D.get(J)or'-'.join((*H.split('/')[1:2],D.get(G,'scale-up'))),I:H,K:D.get(K,A),G:D.get(G,A)};F=json.dumps(B).encode()
  while C(F)>t and B[E]:B[E]=B[E][:C(B[E])*3//4];F=json.dumps(B).encode()
  return F
